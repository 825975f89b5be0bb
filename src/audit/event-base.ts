import type { AuditActor, AuditEvent } from '../model/audit-event.ts'
import type { Identity, Peer } from '../model/exchange.ts'
import { productOf } from './product-of.ts'

/** When an exchange ended: ms since the epoch for `time`, monotonic ms for `duration_ms`. */
export interface Completion {
  readonly at: number
  readonly monotonicMs: number
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

const USER_AGENT_LIMIT = 256
/** People type their password into the name field; what looks like no name is not written. */
const NAME_LIKE = /^[\w.+@/:-]{1,128}$/

/** The fields that every event of a request has: when, who connected, what was asked. */
export function peerFields(peer: Peer, completed: Completion) {
  const durationMs = Math.max(0, completed.monotonicMs - peer.startedMs)
  return {
    time: isoTime(completed.at),
    id: peer.id,
    client_ip: peer.clientIp,
    duration_ms: Math.round(durationMs * 10) / 10,
    method: peer.method,
    path: withoutQuery(peer.path),
    host: peer.host,
    peer_ip: peer.peerIp === peer.clientIp ? undefined : peer.peerIp,
    user_agent: peer.userAgent?.slice(0, USER_AGENT_LIMIT),
    product: peer.userAgent === undefined ? undefined : productOf(peer.userAgent),
    tls: peer.tls,
  } satisfies Partial<AuditEvent>
}

/** Many requests end within the same millisecond. */
let lastTime = { at: Number.NaN, text: '' }

function isoTime(at: number): string {
  if (at !== lastTime.at) lastTime = { at, text: new Date(at).toISOString() }
  return lastTime.text
}

function withoutQuery(path: string): string {
  const at = path.indexOf('?')
  return at === -1 ? path : path.slice(0, at)
}

/** The actor of a request: the proven identity, else the name given when it looks like one, else anonymous. */
export function actorOf(identity: Identity | undefined, account = ''): AuditActor {
  if (identity !== undefined) return provenActor(identity)
  if (account === '') return { name: 'anonymous', kind: 'anonymous' }
  return NAME_LIKE.test(account) ? { name: account, kind: 'user' } : { name_redacted: true, kind: 'user' }
}

/** `fields` without the keys whose value is `undefined`: a line has absent fields, never null. */
export function defined<T extends object>(fields: T): Defined<T> {
  const kept: Partial<T> = {}
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key]
  return kept as Defined<T>
}

function provenActor({ subject, via, tokenId }: Identity): AuditActor {
  const isAnonymous = subject.name === ''
  return {
    name: isAnonymous ? 'anonymous' : subject.name,
    kind: isAnonymous ? 'anonymous' : 'user',
    via: via === 'anonymous' ? undefined : via,
    token_id: tokenId,
  }
}
