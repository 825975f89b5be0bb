import type { Question } from '../model/decision.ts'
import type { Labels } from '../model/subject.ts'
import { type IpAddress, parseIpAddress } from './ip-network.ts'
import { type MatchedText, matchedText } from './matched-text.ts'
import { once } from './once.ts'
import { quoteMeta } from './regex.ts'

/** Fields of a request that patterns match and variables insert. */
export const FIELDS = ['account', 'type', 'name', 'service'] as const

/** One of `FIELDS`; `account` is docker_auth's word for the subject's name. */
export type Field = (typeof FIELDS)[number]

/** One question in the form in which rules read it; the functions work out their value on first use. */
export interface Context {
  readonly fields: Readonly<Record<Field, MatchedText>>
  readonly labels: Labels
  readonly clientIp: string
  readonly now: number
  readonly tag: MatchedText | undefined
  /** Captures and labels are inserted quoted, and nothing inserted makes a regular expression of a glob. */
  readonly insertsQuoted: boolean
  readonly quoted: (field: Field) => string
  readonly address: () => IpAddress | undefined
  readonly userAgent: () => MatchedText
}

/** The context of `question`; `insertsRaw` treats external subjects as docker_auth treats all. */
export function contextOf(question: Question, insertsRaw: boolean): Context {
  const { subject, access, service, clientIp, now, tag, userAgent = '' } = question
  const fields = {
    account: matchedText(subject.name),
    type: matchedText(access.type),
    name: matchedText(access.name),
    service: matchedText(service),
  }
  const quoted: Partial<Record<Field, string>> = {}
  return {
    fields,
    labels: subject.labels,
    clientIp,
    now,
    tag: tag === undefined ? undefined : matchedText(tag),
    insertsQuoted: subject.isExternal === true && !insertsRaw,
    quoted: field => {
      quoted[field] ??= quoteMeta(fields[field].text)
      return quoted[field]
    },
    address: once(() => parseIpAddress(clientIp)),
    userAgent: once(() => matchedText(userAgent)),
  }
}

/** Values of a label; none when the subject lacks it. */
export function labelValues(labels: Labels, key: string): readonly string[] {
  return (Object.hasOwn(labels, key) ? labels[key] : undefined) ?? []
}
