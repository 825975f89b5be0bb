import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type BackgroundProcess, startProcess } from './background-process.ts'
import { findOnPath } from './find-prepared.ts'
import type { Moto } from './moto.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** The token authentication of a distribution registry; `rootCertBundle` is the path of a PEM file. */
export interface RegistryTokenAuth {
  readonly realm: string
  readonly service: string
  readonly issuer: string
  readonly rootCertBundle: string
}

/**
 * `storage` keeps the images in a directory that outlives the registry; deletion is on unless told; `binary` is the
 * program, by default the one that `findRegistry` finds.
 */
export interface RegistryOptions {
  readonly listen?: 'tcp' | 'unix'
  readonly auth?: RegistryTokenAuth
  readonly allowDelete?: boolean
  readonly storage?: string
  readonly binary?: string
  /** Blobs in this bucket instead, to which pulls are redirected. */
  readonly s3?: Pick<Moto, 'endpoint' | 'bucket'>
}

/** A running distribution registry. */
export interface RealRegistry {
  /** What landwaiter takes as `registry.upstream`: `http://127.0.0.1:PORT` or `unix:/path`. */
  readonly upstream: string
  /** `127.0.0.1:PORT` as clients name it; empty on a Unix socket. */
  readonly host: string
  readonly storage: string
  readonly output: () => string
  readonly stop: BackgroundProcess['stop']
}

/** Starts a distribution registry on loopback or a Unix socket; resolves when it listens. Stopped at teardown. */
export async function startRealRegistry(t: Scope, options: RegistryOptions = {}): Promise<RealRegistry> {
  const dir = tempDir(t)
  const storage = options.storage ?? join(dir, 'data')
  const socket = options.listen === 'unix' ? join(dir, 'registry.sock') : undefined
  mkdirSync(storage, { recursive: true })
  writeFileSync(join(dir, 'registry.yml'), stringify(registryConfig(options, storage, socket)))
  const process = await startProcess(
    t,
    [options.binary ?? findRegistry(), 'serve', join(dir, 'registry.yml')],
    {
      // Variables of the machine that the registry would take for its own settings.
      env: { AWS_CA_BUNDLE: undefined, OTEL_TRACES_EXPORTER: 'none' },
    },
  )
  const address = await process.ready('registry listens', () => listenAddress(process.output()))
  return {
    upstream: socket === undefined ? `http://${address}` : `unix:${socket}`,
    host: socket === undefined ? address : '',
    storage,
    output: process.output,
    stop: process.stop,
  }
}

function registryConfig(options: RegistryOptions, storage: string, socket: string | undefined): object {
  const { auth } = options
  return {
    version: 0.1,
    log: { level: 'info', formatter: 'text', accesslog: { disabled: true } },
    storage: {
      ...(options.s3 === undefined
        ? { filesystem: { rootdirectory: storage } }
        : { s3: s3Driver(options.s3), redirect: { disable: false } }),
      delete: { enabled: options.allowDelete ?? true },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: {
      ...(socket === undefined ? { addr: '127.0.0.1:0' } : { net: 'unix', addr: socket }),
      secret: 'of this test',
    },
    ...(auth === undefined
      ? {}
      : {
          auth: {
            token: {
              realm: auth.realm,
              service: auth.service,
              issuer: auth.issuer,
              rootcertbundle: auth.rootCertBundle,
            },
          },
        }),
  }
}

function s3Driver({ endpoint, bucket }: Pick<Moto, 'endpoint' | 'bucket'>): object {
  const keys = { accesskey: 'any', secretkey: 'any', region: 'us-east-1' }
  return { ...keys, bucket, regionendpoint: endpoint, secure: false, v4auth: true, rootdirectory: '/reg' }
}

function listenAddress(output: string): string | undefined {
  return /msg="listening on ([^",]+)/.exec(output)?.[1]
}

/** Path of the distribution program that test/prepare.sh made available. Throws when there is none. */
export function findRegistry(): string {
  const bin = join(import.meta.dirname, '../../node_modules/.bin')
  const found = findOnPath('docker-registry', [bin]) ?? findOnPath('registry', [bin])
  if (found === undefined) throw new Error('no docker-registry on the PATH: run `sh test/prepare.sh`')
  return found
}
