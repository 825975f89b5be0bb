import type { ServerResponse } from 'node:http'
import type { Transfer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { imageFacts } from '../oci/image-facts.ts'
import type { ForwardOptions } from './forward-options.ts'
import type { BufferedAnswer, GuardedRequestPorts, GuardPorts } from './guard-ports.ts'
import { suspendIdleGuard } from './listen.ts'
import { readManifestBody } from './manifest-body.ts'
import { deleteManifest } from './manifest-delete.ts'
import { writeManifest } from './manifest-write.ts'
import { pushedMediaType } from './pushed-media-type.ts'

/** What the guards and the way to the registry need. */
export interface GuardedForwardPorts extends GuardPorts {
  /** Carries every request that no guard looks at. */
  readonly forward: (options: ForwardOptions) => Promise<Transfer>
  /** Sends one request, with `body` if any, whether or not the client stays. @throws UpstreamUnavailable */
  readonly send: (
    exchange: Omit<ForwardOptions, 'res' | 'beforeAnswer'>,
    body?: Uint8Array,
  ) => Promise<BufferedAnswer>
  /** Whether some rule of the policy tells tags apart, so that a deletion has to look at each. */
  readonly policyConcernsTags: () => boolean
}

/** One permitted request; which of its rights a push to a tag needs is asked here once more. */
export interface GuardedExchange
  extends ForwardOptions,
    Pick<GuardedRequestPorts, 'decide' | 'refusal' | 'note'> {}

type ManifestRequest = Extract<RegistryRequest, { kind: 'manifest' }>

/**
 * Carries a request to the registry: pushes and deletions of manifests past the guards, everything else as it is.
 * @throws Refusal, OciError and what `forward` throws, only before the answer's head is out.
 */
export async function forwardGuarded(
  ports: GuardedForwardPorts,
  exchange: GuardedExchange,
): Promise<Transfer> {
  const { request } = exchange
  if (request.kind !== 'manifest') return ports.forward(exchange)
  if (request.verb === 'write') return forwardWrite(ports, exchange, request)
  if (request.verb === 'delete') return forwardDelete(ports, exchange, request)
  return ports.forward(exchange)
}

async function forwardWrite(
  ports: GuardedForwardPorts,
  exchange: GuardedExchange,
  request: ManifestRequest,
): Promise<Transfer> {
  const { req, res, note } = exchange
  const read = await readManifestBody(req, res)
  if (read.outcome === 'client left') return clientLeft(read.bytesIn)
  const { body } = read
  const mediaType = pushedMediaType(req, request).pushedMediaType ?? ''
  const { name, reference } = request
  note(imageFacts(body, mediaType))
  return whileClientWaits(exchange, body.length, signal =>
    writeManifest(requestPorts(ports, exchange), { name, reference, mediaType, body, signal }),
  )
}

async function forwardDelete(
  ports: GuardedForwardPorts,
  exchange: GuardedExchange,
  { name, reference }: ManifestRequest,
): Promise<Transfer> {
  const { immutable, protected: kept } = ports.guards()
  const concernsTags = immutable.concerns(name) || kept.concerns(name) || ports.policyConcernsTags()
  return whileClientWaits(exchange, 0, signal =>
    deleteManifest(requestPorts(ports, exchange), { name, reference, signal, concernsTags }),
  )
}

function requestPorts(ports: GuardedForwardPorts, exchange: GuardedExchange): GuardedRequestPorts {
  const { decide, refusal, note } = exchange
  return { ...ports, decide, refusal, note, send: body => ports.send(exchange, body) }
}

/** Releases the answer of `work`, which is told when the client leaves. */
async function whileClientWaits(
  exchange: GuardedExchange,
  bytesIn: number,
  work: (signal: AbortSignal) => Promise<BufferedAnswer>,
): Promise<Transfer> {
  const { req, res } = exchange
  const left = new AbortController()
  const onClose = () => left.abort()
  res.once('close', onClose)
  if (res.destroyed) left.abort()
  const resume = suspendIdleGuard(req)
  try {
    return await release(exchange, await work(left.signal), bytesIn)
  } catch (error) {
    if (left.signal.aborted && error === left.signal.reason) return clientLeft(bytesIn)
    throw error
  } finally {
    resume()
    res.off('close', onClose)
  }
}

async function release(
  { res, beforeAnswer }: GuardedExchange,
  { status, headers, body }: BufferedAnswer,
  bytesIn: number,
): Promise<Transfer> {
  await beforeAnswer({ status, headers, bytesIn })
  const complete = await finish(res, { status, headers, body })
  const digest = headers['docker-content-digest']
  return {
    status,
    complete,
    bytesIn,
    bytesOut: complete ? body.length : 0,
    ...(typeof digest === 'string' ? { digest } : {}),
  }
}

/** Resolves to whether the answer went out whole. */
function finish(res: ServerResponse, { status, headers, body }: BufferedAnswer): Promise<boolean> {
  if (res.destroyed) return Promise.resolve(false)
  return new Promise(resolve => {
    res.once('close', () => resolve(res.writableFinished))
    res.once('finish', () => resolve(true))
    res.writeHead(status, { ...headers, 'content-length': body.length })
    res.end(body)
  })
}

/** The client left before there was an answer; 499 is the customary number for that. */
function clientLeft(bytesIn: number): Transfer {
  return { status: 499, complete: false, bytesIn, bytesOut: 0 }
}
