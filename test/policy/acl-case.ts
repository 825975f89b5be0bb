import { readFileSync } from 'node:fs'
import type { Question } from '../../src/model/decision.ts'
import type { Labels } from '../../src/model/subject.ts'

/** A request as the tables write it; absent fields are `''`, absent actions pull and push. */
export interface AclRequest {
  readonly account?: string
  readonly type?: string
  readonly name?: string
  readonly service?: string
  readonly ip?: string
  readonly actions?: readonly string[]
  readonly labels?: Labels | null
  readonly tag?: string
  readonly client?: string
  /** RFC 3339. */
  readonly at?: string
  readonly isExternal?: true
}

/** The question that `request` puts to the policy. */
export function questionOf(request: AclRequest): Question {
  const {
    account = '',
    type = '',
    name = '',
    actions = ['pull', 'push'],
    tag,
    client,
    at,
    isExternal,
  } = request
  return {
    subject: {
      name: account,
      via: account === '' ? 'anonymous' : 'static',
      labels: request.labels ?? {},
      ...(isExternal && { isExternal }),
    },
    access: { type, name, actions },
    service: request.service ?? '',
    clientIp: request.ip ?? '',
    now: at === undefined ? 0 : Date.parse(at),
    ...(tag !== undefined && { tag }),
    ...(client !== undefined && { userAgent: client }),
  }
}

/** Values of a JSON-lines file; the caller says what they are. */
export function readLines<T>(file: string | URL): readonly T[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter(line => line.trim() !== '').map(line => JSON.parse(line) as T)
}

/** A file under `test/fixtures`. */
export function fixture(name: string): URL {
  return new URL(`../fixtures/${name}`, import.meta.url)
}
