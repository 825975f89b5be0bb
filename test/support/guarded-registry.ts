import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent, type Dispatcher, request } from 'undici'
import { discardBody } from '../../src/http/discard-body.ts'
import { asOciError, sendFailure } from '../../src/http/failure.ts'
import type { GuardFacts } from '../../src/http/guard-ports.ts'
import { forwardGuarded, type GuardedForwardPorts } from '../../src/http/guarded-forward.ts'
import { createKeyedLocks, type KeyedLocks } from '../../src/http/keyed-locks.ts'
import { suspendIdleGuard } from '../../src/http/listen.ts'
import { Refusal } from '../../src/http/refusal.ts'
import type { Decision } from '../../src/model/decision.ts'
import type { Peer, Transfer } from '../../src/model/exchange.ts'
import { isReferrerTag } from '../../src/oci/referrer-tag.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'
import { compileGuards, type GuardEntries } from '../../src/policy/guards.ts'
import { createUpstreamClient } from '../../src/upstream/client.ts'
import { createSmallFetch } from '../../src/upstream/fetch-small.ts'
import { createForwarder } from '../../src/upstream/forward.ts'
import { createListPages } from '../../src/upstream/list-page.ts'
import { createRegistryContent } from '../../src/upstream/registry-content.ts'
import { createBufferedSender } from '../../src/upstream/send-buffered.ts'
import { createFindTag } from '../../src/upstream/tag-target.ts'
import { listTaggedManifests } from '../../src/upstream/tagged-manifests.ts'
import { createTransferBuffers } from '../../src/upstream/transfer-buffers.ts'
import type { RealRegistry } from './real-registry.ts'
import type { Scope } from './scope.ts'

/** A server that does nothing but guard a registry: no TLS, no users. */
export interface GuardedRegistry {
  readonly port: number
  readonly request: (path: string, options?: GuardedRequestOptions) => Promise<GuardedAnswer>
  /** Of every request that has ended: what an audit line would be made of. */
  readonly records: readonly GuardRecord[]
  readonly locks: KeyedLocks
}

export interface GuardedRequestOptions {
  readonly method?: Dispatcher.HttpMethod
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface GuardedAnswer {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly text: string
}

export interface GuardRecord extends GuardFacts {
  readonly method: string
  readonly path: string
  readonly answered?: number
  readonly transfer?: Transfer
  readonly error?: string
}

/** Starts one in front of `registry`; `denied` holds actions, each as `ACTION` or `ACTION:TAG`. Stopped at teardown. */
export async function startGuardedRegistry(
  t: Scope,
  registry: RealRegistry,
  options: Partial<GuardEntries> & { readonly denied?: readonly string[] } = {},
): Promise<GuardedRegistry> {
  const locks = createKeyedLocks({ waitMs: 20_000, maxWaiting: 1_000 })
  const ports = openPorts(t, registry, { ...options, locks })
  const records: GuardRecord[] = []
  const server = createServer((req, res) => {
    void serve(ports, { req, res }, options.denied ?? []).then(record => records.push(record))
  })
  server.on('checkContinue', (req, res) => server.emit('request', req, res))
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ connections: 60 })
  t.teardown(() => agent.destroy())
  return {
    port,
    records,
    locks,
    request: async (path, { method = 'GET', headers = {}, body } = {}) => {
      const answer = await request(`http://127.0.0.1:${port}${path}`, {
        method,
        headers,
        dispatcher: agent,
        ...(body === undefined ? {} : { body }),
      })
      return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
    },
  }
}

function openPorts(
  t: Scope,
  { host }: RealRegistry,
  options: Partial<GuardEntries> & { readonly locks: KeyedLocks },
): GuardedForwardPorts {
  const { locks, ...entries } = options
  const [name = '', port] = host.split(':')
  const address = { kind: 'tcp', host: name, port: Number(port) } as const
  const authorization = async () => undefined
  const client = createUpstreamClient(address)
  t.teardown(() => client.close())
  const small = createSmallFetch(address)
  t.teardown(() => small.close())
  const { guards } = compileGuards(
    { immutable_tags: [], protected_tags: [], manifest_rules: [], ...entries },
    { isExempt: isReferrerTag },
  )
  const way = { address, authorization, refusalIsOurs: true, observe: () => undefined }
  const forwarder = createForwarder({
    ...way,
    suspendIdleGuard,
    discardBody,
    buffers: createTransferBuffers(64 * 1024 * 1024),
  })
  t.teardown(() => forwarder.close())
  const sender = createBufferedSender(way)
  t.teardown(() => sender.close())
  const findTag = createFindTag({ client, address, authorization })
  const listPage = createListPages({ get: small.get, authorization })
  return {
    findTag,
    taggedManifests: (repository, signal) =>
      listTaggedManifests({ listPage, findTag }, { name: repository, signal }),
    fetchContent: createRegistryContent({ get: small.get, authorization }),
    guards: () => guards,
    locks,
    log: { debug: () => undefined },
    forward: forwarder.forward,
    send: sender.send,
    policyConcernsTags: () => false,
  }
}

async function serve(
  ports: GuardedForwardPorts,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
  denied: readonly string[],
): Promise<GuardRecord> {
  const { method = '', url = '', headers } = req
  let record: GuardRecord = { method, path: url }
  const peer: Peer = {
    id: 'test',
    startedMs: 0,
    method,
    path: url,
    host: headers.host ?? '',
    clientIp: '127.0.0.1',
    peerIp: '127.0.0.1',
    scheme: 'http',
  }
  try {
    const transfer = await forwardGuarded(ports, {
      req,
      res,
      peer,
      request: parseRegistryRequest(method, url),
      identity: { subject: { name: 'tester', via: 'static', labels: {} }, via: 'static' },
      isTokenExpired: false,
      access: [],
      decide: async (action, tag): Promise<Decision> => {
        const isDenied = denied.includes(action) || denied.includes(`${action}:${tag}`)
        const reason = `tester may not ${action}`
        return { granted: [], denied: isDenied ? [action] : [], rule: 'acl[0]', reason }
      },
      refusal: async decision => new Refusal('DENIED', decision.reason, { decision }),
      note: facts => {
        record = { ...record, ...facts }
      },
      beforeAnswer: async ({ status }) => {
        record = { ...record, answered: status }
      },
    })
    return { ...record, transfer }
  } catch (error) {
    const answer = asOciError(error)
    await sendFailure(req, res, answer)
    return { ...record, error: answer.message }
  }
}
