import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { BackgroundProcess } from './background-process.ts'
import { type DockerEngine, startDockerEngine } from './docker-engine.ts'
import { inOwnRoot } from './own-root.ts'
import { findRegistry } from './real-registry.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

const ROOT = join(import.meta.dirname, '../..')
const CERTS = join(ROOT, 'test/fixtures/certs')
const CONFIG = '/etc/docker_auth/auth_config.yml'
/** Not loopback, where docker would check no certificate. RFC 5737 */
const ADDRESS = '192.0.2.1'

/** The names that clients type. */
export const NAMES = { registry: 'registry.test', auth: 'auth.test' } as const

/**
 * The set-up of docker_auth and a registry, docker_auth replaced, on a network of its own with the real ports:
 * `https://registry.test`, `https://auth.test/auth`, and the registry itself as `http://registry:5000`.
 */
export interface DockerAuthSetup {
  readonly engine: DockerEngine
  readonly landwaiter: BackgroundProcess
  readonly registry: BackgroundProcess
  /** A directory with the internal CA as `ca.crt`. */
  readonly certDir: string
  /** Text of a file as landwaiter sees it. */
  readonly read: (path: string) => string
  /** A request from inside the network, trusting the CA; redirects are not followed. */
  readonly get: (url: string) => Promise<SetupAnswer>
}

export interface SetupAnswer {
  readonly status: number
  readonly challenge?: string
  readonly location?: string
}

/** Starts the set-up with `config` as docker_auth's file, one process before the other. Needs root. */
export async function startDockerAuthSetup(
  t: Scope,
  { config, first }: { readonly config: string; readonly first: 'landwaiter' | 'registry' },
): Promise<DockerAuthSetup> {
  const hosts = [...Object.values(NAMES), 'registry']
  const engine = await startDockerEngine(t, { network: 'private', hosts, address: ADDRESS })
  const early = first === 'registry' ? await startRegistry(t, engine) : undefined
  const landwaiter = await startLandwaiter(t, engine, config)
  const registry = early ?? (await startRegistry(t, engine))
  const path = (file: string) => `/proc/${landwaiter.pid}/root${file}`
  const certDir = tempDir(t)
  copyFileSync(path('/var/lib/landwaiter/ca/ca.pem'), join(certDir, 'ca.crt'))
  return {
    engine,
    landwaiter,
    registry,
    certDir,
    read: file => readFileSync(path(file), 'utf8'),
    get: url => get(engine, join(certDir, 'ca.crt'), url),
  }
}

/** Nothing but docker_auth's file and the two variables: the rest are defaults. */
async function startLandwaiter(t: Scope, engine: DockerEngine, config: string): Promise<BackgroundProcess> {
  const files = {
    [CONFIG]: config,
    '/certs/server.key': join(CERTS, 'server.key'),
    '/certs/server.pem': join(CERTS, 'server.pem'),
  }
  const command = [process.execPath, join(ROOT, 'src/main.ts'), 'serve', '-c', CONFIG]
  const landwaiter = await engine.start(inOwnRoot(tempDir(t), files, command), {
    env: { REGISTRY_DOMAIN: NAMES.registry, AUTH_DOMAIN: NAMES.auth, LANDWAITER_STATE_DIR: undefined },
  })
  await landwaiter.ready('landwaiter serves', () => /\bready\b/.test(landwaiter.output()))
  return landwaiter
}

/** With the configuration of the image registry:2 and the variables that docker_auth's users set. */
async function startRegistry(t: Scope, engine: DockerEngine): Promise<BackgroundProcess> {
  const dir = tempDir(t)
  const config = {
    version: 0.1,
    log: { fields: { service: 'registry' } },
    storage: { cache: { blobdescriptor: 'inmemory' }, filesystem: { rootdirectory: join(dir, 'data') } },
    http: { addr: ':5000', headers: { 'X-Content-Type-Options': ['nosniff'] } },
  }
  writeFileSync(join(dir, 'config.yml'), stringify(config))
  const registry = await engine.start([findRegistry(), 'serve', join(dir, 'config.yml')], {
    env: {
      REGISTRY_AUTH: 'token',
      REGISTRY_AUTH_TOKEN_REALM: `https://${NAMES.auth}/auth`,
      REGISTRY_AUTH_TOKEN_SERVICE: 'Docker registry',
      REGISTRY_AUTH_TOKEN_ISSUER: 'Acme auth server',
      REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE: join(CERTS, 'server.pem'),
      REGISTRY_STORAGE_DELETE_ENABLED: 'true',
      // Variables of the machine that the registry would take for its own settings.
      AWS_CA_BUNDLE: undefined,
      OTEL_TRACES_EXPORTER: 'none',
    },
  })
  await registry.ready('registry listens', () => registry.output().includes('listening on'))
  return registry
}

const GET = `
import { request } from '${import.meta.resolve('undici')}'
const { statusCode: status, headers } = await request(process.argv[1])
console.log(JSON.stringify({ status, challenge: headers['www-authenticate'], location: headers.location }))
process.exit()`

async function get(engine: DockerEngine, caFile: string, url: string): Promise<SetupAnswer> {
  const args = ['--input-type=module', `--eval=${GET}`, '--', url]
  const env = { NODE_EXTRA_CA_CERTS: caFile, NODE_OPTIONS: undefined }
  const { stdout, stderr } = await engine.enter(process.execPath, args, { env })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}
