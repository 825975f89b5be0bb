import type { Scope } from '../../support/scope.ts'
import { type Contents, pushContents } from './contents.ts'
import { fetchToken } from './fetch-token.ts'
import type { ProxySetting } from './proxy-setting.ts'
import type { Server, ServerName } from './server.ts'
import { startBenchRegistry } from './start-bench-registry.ts'
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
  const { directory, registry, setting: common } = await startBenchRegistry(scope)
  const sink = await startSink(scope)
  const setting = { ...common, sink: sink.host }
  const servers: Server[] = []
  for (const name of NAMES) servers.push(await startServer(scope, name, setting))
  const realm = servers[0]?.registry.url ?? ''
  const token = await fetchToken(realm, REPOSITORY)
  const contents = await pushContents({ url: registry.upstream, token, repository: REPOSITORY }, mib)
  return { scope, directory, servers, sink, contents, token, realm, setting, storage: registry.storage }
}
