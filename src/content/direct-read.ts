import type { Transfer } from '../model/exchange.ts'
import type { Log, TransferBuffers } from '../model/ports.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { type BlobAnswer, blobAnswer } from './blob-answer.ts'
import type { ContentExchange, Forward } from './content-exchange.ts'
import { filePieces } from './file-pieces.ts'
import { closeFile, type OpenFile, openFile, readStart } from './open-file.ts'
import type { Pieces } from './piece.ts'
import { readFirst } from './read-first.ts'
import { sendBlob } from './send-blob.ts'
import { storePaths } from './store-paths.ts'
import type { Turns } from './turns.ts'

export interface DirectReadOptions {
  /** The root directory of a filesystem storage that only our own registry writes to. */
  readonly root: string
  readonly buffers: TransferBuffers
  readonly turns: Turns
  readonly log: Log
  /** Called for each answer from a file. */
  readonly observe: () => void
}

/**
 * Answers GET and HEAD of a blob from the registry's own files, in the words of distribution; whatever is unusual about
 * request or file goes to the registry. That the repository has the blob is looked up for each request.
 * Throws as `forward` does, and only before the answer's head is out.
 */
export function createDirectRead<E extends ContentExchange>(
  options: DirectReadOptions,
  forward: Forward<E>,
): Forward<E> {
  return async exchange => {
    const { request } = exchange
    if (request.kind !== 'blob' || request.verb === 'delete') return forward(exchange)
    const file = await openBlob(options, request)
    if (file === undefined) return forward(exchange)
    try {
      return (await answerFrom(options, { exchange, request, file })) ?? (await forward(exchange))
    } finally {
      closeFile(file)
    }
  }
}

type BlobRequest = Extract<RegistryRequest, { kind: 'blob' }>

/** The file of a blob that its repository has; undefined when only the registry can tell. */
async function openBlob(
  { root, turns }: DirectReadOptions,
  { name, digest }: BlobRequest,
): Promise<OpenFile | undefined> {
  const paths = storePaths(root, name, digest)
  if (paths === undefined) return undefined
  const open = async () => {
    const linked = await readStart(paths.link, digest.length + 1)
    return linked === digest ? openFile(paths.data) : undefined
  }
  return turns.run(open, late => late && closeFile(late)).catch(() => undefined)
}

/** Undefined when nothing has been said yet and only the registry can. */
async function answerFrom(
  options: DirectReadOptions,
  asked: { readonly exchange: ContentExchange; readonly request: BlobRequest; readonly file: OpenFile },
): Promise<Transfer | undefined> {
  const { exchange, request, file } = asked
  const blob = { digest: request.digest, size: file.size }
  const answer = blobAnswer(exchange.req.headers, blob)
  if (answer === undefined) return undefined
  const isRead = request.verb === 'read' && answer.length > 0
  const pieces = isRead ? await firstPieces(options, file, answer) : undefined
  if (isRead && pieces === undefined) return undefined
  options.observe()
  const onFault = (error: unknown) =>
    options.log.error('a blob could not be read to its end', { digest: blob.digest, error })
  return sendBlob(exchange, { blob, answer, pieces, onFault })
}

function firstPieces(
  options: DirectReadOptions,
  file: OpenFile,
  part: BlobAnswer,
): Promise<Pieces | undefined> {
  return readFirst(filePieces(file, part, options)).catch(() => undefined)
}
