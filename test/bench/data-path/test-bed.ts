import { Agent, request } from 'undici'
import { basic } from '../../support/landwaiter.ts'
import { startRealRegistry } from '../../support/real-registry.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { makePair } from '../../tls/support.ts'
import { type Contents, pushContents } from './contents.ts'
import { ISSUER, SERVICE, tokenPath } from './landwaiter-config.ts'
import type { ProxySetting } from './proxy-setting.ts'
import type { Server, ServerName } from './server.ts'
import { startServer } from './start-server.ts'
import { type Sink, startSink } from './start-sink.ts'

const REPOSITORY = 'bench/app'
const NAMES: readonly ServerName[] = ['landwaiter', 'caddy', 'nginx', 'direct']

/** All that the workloads of one run share. */
export interface TestBed {
  readonly scope: Scope
  readonly directory: string
  readonly servers: readonly Server[]
  readonly sink: Sink
  readonly contents: Contents
  /** Allows everything in the repository of the contents; landwaiter has issued it and the registry takes it, too. */
  readonly token: string
  /** The landwaiter that issues tokens for clients of all servers. */
  readonly realm: string
  readonly setting: ProxySetting
  /** Directory that the registry has its files in. */
  readonly storage: string
}

/**
 * Starts the registry with `auth: token`, the sink, and in front of both landwaiter, Caddy and nginx with the same
 * P-256 certificate, then fills the registry; all ends with the scope.
 */
export async function startTestBed(scope: Scope, mib: number): Promise<TestBed> {
  const directory = tempDir(scope)
  const pair = makePair({ directory, file: 'localhost', names: 'DNS:localhost', days: 89 })
  const signing = makePair({ directory, file: 'signing' })
  const auth = { service: SERVICE, issuer: ISSUER, rootCertBundle: signing.certificate }
  const registry = await startRealRegistry(scope, { auth: { ...auth, realm: 'https://localhost/auth' } })
  const sink = await startSink(scope)
  const setting = { ...pair, registry: registry.host, sink: sink.host, signing }
  const servers: Server[] = []
  for (const name of NAMES) servers.push(await startServer(scope, name, setting))
  const realm = servers[0]?.registry.url ?? ''
  const token = await fetchToken(realm)
  const contents = await pushContents({ url: registry.upstream, token, repository: REPOSITORY }, mib)
  return { scope, directory, servers, sink, contents, token, realm, setting, storage: registry.storage }
}

async function fetchToken(realm: string): Promise<string> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  try {
    const url = `${realm}${tokenPath(`repository:${REPOSITORY}:pull,push,delete`)}`
    const { statusCode, body } = await request(url, {
      headers: { authorization: basic('admin') },
      dispatcher,
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`no token: ${statusCode} ${text}`)
    return String(JSON.parse(text).token)
  } finally {
    await dispatcher.destroy()
  }
}
