import type { AnswerHead, Transfer } from '../model/exchange.ts'
import { answerFacts } from '../oci/answer-facts.ts'

type Headers = Readonly<Record<string, string | string[]>>

/** One way to answer from memory: the head as the registry gave it, and what the transfer will be described as. */
export interface StoredHead {
  readonly status: number
  readonly headers: Headers
  readonly facts: Readonly<Pick<Transfer, 'digest' | 'mediaType' | 'size'>>
  /** For whoever looks at the answer before it goes out. */
  readonly shown: AnswerHead
}

/** A 200 of the registry without its body, ready to be sent again. */
export interface StoredAnswer {
  readonly ok: StoredHead
  readonly notModified: StoredHead
  /** Empty when the registry gave none. */
  readonly etag: string
  readonly digest: string
  readonly mediaType: string
  readonly size: number
}

/** Of one answer only; `date` is set anew each time. */
const PASSING = new Set(['age', 'date', 'x-request-id'])
/** An answer with one of these is not the plain content, or not for everybody. */
const UNSTORABLE = [
  'content-encoding',
  'content-range',
  'link',
  'location',
  'set-cookie',
  'transfer-encoding',
  'warning',
]
const VARY = /^\s*(?:accept|accept-encoding)(?:\s*,\s*(?:accept|accept-encoding))*\s*$/i
const SHA256 = /^sha256:[0-9a-f]{64}$/

/** What a head teaches, or undefined when the answer must not be kept. `unsaid` are headers that its 304 does not have. */
export function storedAnswer(head: AnswerHead, unsaid: readonly string[]): StoredAnswer | undefined {
  const { status, headers } = head
  const { 'docker-content-digest': digest, 'content-type': type, 'content-length': length, etag } = headers
  if (status !== 200 || !isStorable(headers)) return undefined
  if (typeof digest !== 'string' || !SHA256.test(digest) || typeof type !== 'string') return undefined
  if (typeof length !== 'string' || !/^\d{1,15}$/.test(length)) return undefined
  const kept = without(headers, PASSING)
  const ok = storedHead(200, kept, kept)
  return {
    ok,
    notModified: storedHead(304, without(kept, new Set(['content-length', 'content-type', ...unsaid])), kept),
    etag: typeof etag === 'string' ? etag : '',
    digest,
    mediaType: ok.facts.mediaType ?? type,
    size: Number(length),
  }
}

function isStorable(headers: AnswerHead['headers']): boolean {
  if (UNSTORABLE.some(name => headers[name] !== undefined)) return false
  const { vary, 'cache-control': control } = headers
  if (vary !== undefined && !VARY.test(String(vary))) return false
  return control === undefined || !/no-store|no-cache/i.test(String(control))
}

function storedHead(status: number, headers: Headers, shown: Headers): StoredHead {
  return {
    status,
    headers,
    facts: answerFacts(headers),
    shown: Object.freeze({ status, headers: Object.freeze({ ...shown }), bytesIn: 0 }),
  }
}

function without(headers: AnswerHead['headers'], names: ReadonlySet<string>): Headers {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || names.has(name) ? [] : [[name, value]],
    ),
  )
}
