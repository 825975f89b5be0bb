import type { AuditOutcome } from './audit-event.ts'
import type { ClientCertificate } from './client-certificate.ts'
import type { RegistryRequest } from './registry-request.ts'
import type { Subject } from './subject.ts'

/** The connection's and the request's own facts, the same for every handler. */
export interface Peer {
  /** ULID. */
  readonly id: string
  /** Monotonic start, ms. */
  readonly startedMs: number
  readonly method: string
  /** Path without query. */
  readonly path: string
  /** Host and port as the client typed them. */
  readonly host: string
  readonly clientIp: string
  readonly peerIp: string
  readonly userAgent?: string | undefined
  /** How the client came to the public name, as seen here or told by a trusted proxy. */
  readonly scheme: 'http' | 'https'
  /** `1.2` or `1.3`; absent on a plain connection. */
  readonly tls?: string | undefined
  /** Absent when the connection has none. */
  readonly certificate?: ClientCertificate | undefined
}

/** Who made the request and how that was proved. */
export interface Identity {
  readonly subject: Subject
  /** `token`, or the backend that vouches for the subject. */
  readonly via: string
  /** The token that it was proved with; at the token realm the one that it was given. */
  readonly tokenId?: string
}

/** What went over the wire for one proxied request. */
export interface Transfer {
  readonly status: number
  /** `false` when either side left before the end. */
  readonly complete: boolean
  /** Why the end is missing, when that is not the client's side's doing. */
  readonly cut?: string
  readonly bytesIn: number
  readonly bytesOut: number
  readonly digest?: string
  readonly mediaType?: string
  /** Declared length of the response body. */
  readonly size?: number
  readonly redirected?: boolean
}

/** Status and headers of an answer, as they will go to the client. */
export interface AnswerHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytesIn: number
}

/** Looks at an answer as it passes. A function that it returns gets the body in pieces, each valid only during the call. */
export type AnswerTap = (head: AnswerHead) => ((piece: Uint8Array) => void) | undefined

/** One finished request under `/v2`: all that an audit line can be made of. */
export interface RegistryExchange {
  readonly peer: Peer
  /** Absent when the target did not parse. */
  readonly request?: RegistryRequest
  readonly identity?: Identity
  readonly outcome: AuditOutcome
  readonly status: number
  readonly transfer?: Transfer
  readonly previousDigest?: string
  /** Tags that went with a deleted digest, where they were looked at. */
  readonly removedTags?: readonly string[]
  /** The name given with a wrong password. */
  readonly account?: string
  /** Bytes of the configuration and the layers of an image, as its manifest lists them. */
  readonly imageSize?: number
  /** Of a pushed manifest: digest of the one that it signs or describes. */
  readonly manifestSubject?: string
  /** Media type of a pushed manifest. */
  readonly pushedMediaType?: string
  readonly rule?: string
  readonly reason?: string
}

/** One finished request to the token realm. */
export interface TokenExchange {
  readonly peer: Peer
  readonly outcome: AuditOutcome
  readonly status: number
  /** The name given, when nobody was authenticated. */
  readonly account: string
  readonly identity?: Identity
  readonly scopes: readonly string[]
  readonly granted: readonly string[]
  readonly expires?: string
  readonly reason?: string
}
