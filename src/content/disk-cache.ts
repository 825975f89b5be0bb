import type { Transfer } from '../model/exchange.ts'
import type { Log, TransferBuffers } from '../model/ports.ts'
import { type BlobAnswer, type BlobFacts, blobAnswer } from './blob-answer.ts'
import type { BlobFill, FillResult } from './blob-fill.ts'
import type { BlobName, BlobSource } from './blob-source.ts'
import type { ContentExchange, Forward } from './content-exchange.ts'
import { createDiskFiles } from './disk-files.ts'
import { createDiskStore, type DiskStore } from './disk-store.ts'
import { createDiskTrouble, type DiskTrouble } from './disk-trouble.ts'
import { filePieces } from './file-pieces.ts'
import { createFillPool, type FillPool } from './fill-pool.ts'
import { followedPieces } from './followed-pieces.ts'
import { closeFile, type OpenFile } from './open-file.ts'
import { readFirst } from './read-first.ts'
import { sendBlob } from './send-blob.ts'
import type { Turns } from './turns.ts'
import { createVouchers, type Moments, type Vouchers } from './vouchers.ts'

export interface DiskCacheOptions {
  readonly dir: string
  readonly maxBytes: number
  /** How long the registry is not asked again whether a repository has a blob, ms. */
  readonly existenceTtlMs: number
  readonly source: BlobSource
  readonly moments: Moments
  readonly buffers: TransferBuffers
  readonly turns: Turns
  readonly log: Log
  readonly count: (result: 'hit' | 'miss') => void
  readonly countFault: (reason: 'disk' | 'corrupt') => void
}

/** Blobs on a disk of our own, between clients and a registry elsewhere. */
export interface DiskCache {
  /** Reads what is there from before; all requests pass through until then. Never rejects. */
  open(): Promise<void>
  /** `forward` with this cache before it, for requests that have been authorized. */
  before<E extends ContentExchange>(forward: Forward<E>): Forward<E>
  usage(): { readonly cache: string; readonly entries: number; readonly bytes: number }
  /** Ends what is being fetched. */
  close(): Promise<void>
}

interface Parts extends DiskCacheOptions {
  readonly store: DiskStore
  readonly fills: FillPool
  readonly vouchers: Vouchers
  readonly trouble: DiskTrouble
}

/**
 * A disk cache. Each blob is fetched once for all who wait for it and kept by its digest; that a repository has it,
 * the registry is asked. Whatever is wrong with the disk makes requests pass through.
 */
export function createDiskCache(options: DiskCacheOptions): DiskCache {
  const { dir, maxBytes, turns, log, source, moments, existenceTtlMs, countFault } = options
  const files = createDiskFiles(dir, turns)
  const trouble = createDiskTrouble({ dir, log, countFault: () => countFault('disk') })
  const onDamaged = (digest: string) => {
    countFault('corrupt')
    log.warn('a file of the disk cache was damaged and is dropped', { dir, digest })
  }
  const store = createDiskStore({ files, maxBytes, turns, trouble, onDamaged })
  const onEnd = ({ digest, name }: BlobName, { end, kept, fault }: FillResult) => {
    if (fault !== undefined) trouble.report(fault)
    if (kept !== undefined) {
      store.add(digest, kept)
      trouble.cleared()
    }
    if (end?.outcome !== 'corrupt') return
    countFault('corrupt')
    log.error('the registry sent other bytes than those of the blob', { name, digest, error: end.error })
  }
  const fills = createFillPool({ source, files, turns, reserve: store.reserve, onEnd })
  const vouchers = createVouchers({ has: blob => source.has(blob), moments, ttlMs: existenceTtlMs })
  const parts: Parts = { ...options, store, fills, vouchers, trouble }
  return {
    open: store.open,
    before: forward => async exchange => (await answer(parts, exchange)) ?? forward(exchange),
    usage: () => ({ cache: 'disk', ...store.usage() }),
    close: fills.close,
  }
}

/** Undefined when nothing has been said yet and the request should pass. */
async function answer(parts: Parts, exchange: ContentExchange): Promise<Transfer | undefined> {
  const { request } = exchange
  if (request.kind !== 'blob' || request.verb !== 'read') return undefined
  if (!request.digest.startsWith('sha256:') || !parts.trouble.isUsable()) return undefined
  const { name, digest } = request
  const blob = { name, digest }
  const isHit = parts.store.has(digest)
  parts.count(isHit ? 'hit' : 'miss')
  return isHit ? answerFromFile(parts, exchange, blob) : answerFromFill(parts, exchange, blob)
}

async function answerFromFile(
  parts: Parts,
  exchange: ContentExchange,
  name: BlobName,
): Promise<Transfer | undefined> {
  const { store, vouchers } = parts
  if (!(await vouchers.isThere(name))) return undefined
  const file = await store.find(name.digest)
  if (file === undefined) return undefined
  try {
    return await sendFile(parts, exchange, { digest: name.digest, ...file })
  } finally {
    closeFile(file)
  }
}

async function sendFile(
  parts: Parts,
  exchange: ContentExchange,
  blob: OpenFile & BlobFacts,
): Promise<Transfer | undefined> {
  const onFault = parts.trouble.report
  const answer = blobAnswer(exchange.req.headers, blob)
  if (answer === undefined) return undefined
  if (answer.length === 0) return sendBlob(exchange, { blob, answer, pieces: undefined, onFault })
  const pieces = await readFirst(filePieces(blob, answer, parts)).catch(onFault)
  return pieces && sendBlob(exchange, { blob, answer, pieces, onFault })
}

async function answerFromFill(
  parts: Parts,
  exchange: ContentExchange,
  name: BlobName,
): Promise<Transfer | undefined> {
  const { digest } = name
  if (wholeAnswer(exchange, { digest, size: 1 }) === undefined) return undefined
  const fill = await findFill(parts, name)
  if (fill === undefined) return undefined
  const leave = fill.follow()
  const { res } = exchange
  // A fetch is not kept up for one who has left before its head.
  const size = await Promise.race([fill.size, closed(res)])
  const answer = size && wholeAnswer(exchange, { digest, size })
  if (!size || !answer) {
    leave()
    return undefined
  }
  const { source, buffers, log } = parts
  const pieces = followedPieces(fill, { size, buffers, source, leave })
  res.once('close', pieces.close)
  const onFault = (error: unknown) => log.warn('a blob was cut short', { ...name, error })
  return sendBlob(exchange, { blob: { digest, size }, answer, pieces, onFault })
}

/** The fetch that is under way, when the repository has the blob as well, else a new one. */
async function findFill({ fills, vouchers }: Parts, blob: BlobName): Promise<BlobFill | undefined> {
  const running = fills.find(blob.digest)
  if (running === undefined) {
    const moment = vouchers.now()
    const begun = fills.start(blob, moment)
    void begun?.size.then(size => size && vouchers.remember(blob, moment))
    return begun
  }
  const isOfIt = running.blob.name === blob.name && vouchers.isCurrent(blob.name, running.since)
  return isOfIt || (await vouchers.isThere(blob)) ? fills.find(blob.digest) : undefined
}

/** What is said of the whole blob; undefined when a part or less was asked for. */
function wholeAnswer(
  { req }: ContentExchange,
  blob: { readonly digest: string; readonly size: number },
): BlobAnswer | undefined {
  const answer = blobAnswer(req.headers, blob)
  return answer?.status === 200 ? answer : undefined
}

function closed(res: ContentExchange['res']): Promise<undefined> {
  if (res.destroyed) return Promise.resolve(undefined)
  return new Promise(resolve => res.once('close', () => resolve(undefined)))
}
