import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { basic } from '../../support/landwaiter.ts'
import { startRealRegistry } from '../../support/real-registry.ts'
import { runCommand } from '../../support/run-command.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { makePair } from '../../tls/support.ts'
import { type Contents, pushContents } from './contents.ts'
import type { Door, Server } from './server.ts'
import { startCaddy } from './start-caddy.ts'
import { startLandwaiter } from './start-landwaiter.ts'
import { startNginx } from './start-nginx.ts'
import { type Sink, startSink } from './start-sink.ts'

const REPOSITORY = 'bench/app'
const SERVICE = 'bench'
const ISSUER = 'landwaiter'
const TOKEN_SECONDS = 86_400

/** All that the workloads of one run share. */
export interface TestBed {
  readonly scope: Scope
  readonly directory: string
  readonly servers: readonly Server[]
  readonly sink: Sink
  readonly contents: Contents
  /** Allows everything in the repository of the contents; landwaiter has issued it and the registry takes it, too. */
  readonly token: string
  /** PEM files that all servers have. */
  readonly pair: { readonly certificate: string; readonly key: string }
}

/**
 * Starts the registry with `auth: token`, the sink, and in front of both landwaiter, Caddy and nginx with the same
 * P-256 certificate, then fills the registry; all ends with the scope.
 */
export async function startTestBed(scope: Scope, mib: number): Promise<TestBed> {
  const directory = tempDir(scope)
  const pair = makePair({ directory, file: 'localhost', names: 'DNS:localhost', days: 89 })
  const signing = makePair({ directory, file: 'signing' })
  const registry = await startRealRegistry(scope, {
    auth: {
      realm: 'https://localhost/auth',
      service: SERVICE,
      issuer: ISSUER,
      rootCertBundle: signing.certificate,
    },
  })
  const sink = await startSink(scope)
  const common = {
    tls: { mode: 'files', ...pair },
    token: { issuer: ISSUER, expiration: TOKEN_SECONDS, ...signing },
  }
  const doors = {
    registry: await startLandwaiter(scope, join(directory, 'landwaiter'), {
      ...common,
      registry: { upstream: registry.upstream },
    }),
    sink: await startLandwaiter(scope, join(directory, 'landwaiter-sink'), {
      ...common,
      token: { ...common.token, service: SERVICE },
      registry: { upstream: `http://${sink.host}`, auth: 'none' },
    }),
  }
  const setting = { ...pair, registry: registry.host, sink: sink.host }
  const landwaiter: Server = {
    name: 'landwaiter',
    version: `landwaiter, Node ${process.versions.node}`,
    ...doors,
  }
  const others = [
    await startCaddy(scope, { ...setting, directory: subdirectory(directory, 'caddy') }),
    await startNginx(scope, { ...setting, directory: subdirectory(directory, 'nginx') }),
  ]
  const direct: Server = {
    name: 'direct',
    version: 'no proxy, no TLS',
    registry: plainDoor(registry.host),
    sink: plainDoor(sink.host),
  }
  const token = await fetchToken(doors.registry)
  const contents = await pushContents({ url: registry.upstream, token, repository: REPOSITORY }, mib)
  return { scope, directory, servers: [landwaiter, ...others, direct], sink, contents, token, pair }
}

/** Makes `dist/`, what production runs. */
export async function buildProgram(): Promise<void> {
  const root = join(import.meta.dirname, '../../..')
  const { code, stdout, stderr } = await runCommand('npm', ['run', '-s', 'build'], { cwd: root })
  if (code !== 0) throw new Error(`npm run build: ${stdout}${stderr}`)
}

function subdirectory(directory: string, name: string): string {
  mkdirSync(join(directory, name))
  return join(directory, name)
}

function plainDoor(host: string): Door {
  return { url: `http://${host}`, port: Number(host.split(':')[1]), pids: [] }
}

async function fetchToken({ url }: Door): Promise<string> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  try {
    const query = new URLSearchParams({
      service: SERVICE,
      scope: `repository:${REPOSITORY}:pull,push,delete`,
    })
    const { statusCode, body } = await request(`${url}/auth?${query}`, {
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
