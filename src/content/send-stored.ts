import type { ServerResponse } from 'node:http'
import type { Transfer } from '../model/exchange.ts'
import type { ContentExchange } from './content-exchange.ts'
import type { StoredHead } from './stored-answer.ts'

/** A head to send, with its body unless that is left out. */
export interface StoredReply {
  readonly head: StoredHead
  readonly body?: Uint8Array | undefined
}

/** Answers from memory as the forwarder would. @throws what `beforeAnswer` throws. */
export async function sendStored(
  { res, beforeAnswer }: Pick<ContentExchange, 'res' | 'beforeAnswer'>,
  { head, body }: StoredReply,
): Promise<Transfer> {
  // What has already been torn down reports no end any more; 499 is the customary number for that.
  if (res.destroyed) return { status: 499, complete: false, bytesIn: 0, bytesOut: 0 }
  await beforeAnswer(head.shown)
  const { status, headers, facts } = head
  const complete = !res.destroyed && (await finish(res, { status, headers, body }))
  return { status, complete, bytesIn: 0, bytesOut: bytesOut(res, complete, body), ...facts }
}

/** Resolves to whether the answer went out whole. */
function finish(
  res: ServerResponse,
  {
    status,
    headers,
    body,
  }: Pick<StoredHead, 'status' | 'headers'> & { readonly body: Uint8Array | undefined },
): Promise<boolean> {
  return new Promise(resolve => {
    res.once('close', () => resolve(res.writableFinished))
    res.writeHead(status, headers)
    res.end(body)
  })
}

function bytesOut(res: ServerResponse, complete: boolean, body: Uint8Array | undefined): number {
  if (body === undefined || !res.headersSent) return 0
  return complete ? body.length : Math.max(0, body.length - res.writableLength)
}
