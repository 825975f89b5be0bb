import type { Question } from '../model/decision.ts'
import type { Labels } from '../model/subject.ts'
import { type IpAddress, parseIpAddress } from './ip-network.ts'
import { type MatchedText, matchedText } from './matched-text.ts'
import { quoteMeta } from './regex.ts'

/** Fields of a request that patterns match and variables insert. */
export const FIELDS = ['account', 'type', 'name', 'service'] as const

/** One of `FIELDS`; `account` is docker_auth's word for the subject's name. */
export type Field = (typeof FIELDS)[number]

/** One question in the form in which rules read it; `quoted` and `address` are worked out on first use. */
export interface Context {
  readonly fields: Readonly<Record<Field, MatchedText>>
  readonly labels: Labels
  readonly clientIp: string
  readonly quoted: (field: Field) => string
  readonly address: () => IpAddress | undefined
}

/** The context of `question`. */
export function contextOf(question: Question): Context {
  const { subject, access, service, clientIp } = question
  const fields = {
    account: matchedText(subject.name),
    type: matchedText(access.type),
    name: matchedText(access.name),
    service: matchedText(service),
  }
  const quoted: Partial<Record<Field, string>> = {}
  let address: { readonly value: IpAddress | undefined } | undefined
  return {
    fields,
    labels: subject.labels,
    clientIp,
    quoted: field => {
      quoted[field] ??= quoteMeta(fields[field].text)
      return quoted[field]
    },
    address: () => {
      address ??= { value: parseIpAddress(clientIp) }
      return address.value
    },
  }
}

/** Values of a label; none when the subject lacks it. */
export function labelValues(labels: Labels, key: string): readonly string[] {
  return (Object.hasOwn(labels, key) ? labels[key] : undefined) ?? []
}
