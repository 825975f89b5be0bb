import { createHash, randomBytes } from 'node:crypto'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, type Dispatcher, request } from 'undici'
import { basic } from '../../support/landwaiter.ts'
import { startLandwaiterProcess } from '../../support/landwaiter-process.ts'
import { type OciImage, type OciIndex, writeOciImage, writeOciIndex } from '../../support/oci-image.ts'
import { type RealRegistry, startRealRegistry } from '../../support/real-registry.ts'
import type { Scope } from '../../support/scope.ts'
import { createSkopeo, type Skopeo } from '../../support/skopeo.ts'
import { tempDir } from '../../support/temp-dir.ts'
import type { Names } from './golden-text.ts'

/** `slow-password`, at a cost of some 50 ms for each check. */
const SLOW = '$2b$09$YeCZoAtj2LqzS7pzX606qOtr3Srq.VGsbx2Jor3l7FS4m9HWPBCwu'
/** Of no blob and no manifest. */
export const NO_DIGEST = `sha256:${'0'.repeat(64)}`

const BIG = 64 * 1024 * 1024

/** A request of a program that knows the API; `as` is a user, `''` nobody. */
export interface ApiRequest {
  readonly as: string
  readonly password?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

/** A landwaiter that writes down every request, the registry behind it, and the clients before it. */
export interface RegistryStage {
  readonly registry: RealRegistry
  readonly host: string
  readonly auditFile: string
  /** skopeos of admin, who may all, of developer, who may all on `team/*`, and of nobody, who may pull `public/*`. */
  readonly admin: Skopeo
  readonly developer: Skopeo
  readonly nobody: Skopeo
  /** Resolves with the head of the answer, its body unread. */
  readonly api: (line: string, what: ApiRequest) => Promise<Dispatcher.ResponseData>
  /** The path of a new upload, with its query. */
  readonly upload: (repository: string) => Promise<string>
  readonly web: OciImage
  readonly other: OciImage
  readonly multi: OciIndex
  readonly otherMulti: OciIndex
  /** Too large to be sent at once. */
  readonly big: { readonly data: Buffer; readonly digest: string }
  readonly ca: Buffer
  readonly names: Names
}

export async function openRegistryStage(t: Scope): Promise<RegistryStage> {
  const auditFile = join(tempDir(t), 'audit.jsonl')
  const registry = await startRealRegistry(t)
  const landwaiter = await startLandwaiterProcess(t, {
    registry: { upstream: registry.upstream, auth: 'none' },
    audit: { file: auditFile, node: 'gw-1', level: 'requests' },
    ...policy(),
  })
  const certDir = tempDir(t)
  copyFileSync(landwaiter.caFile, join(certDir, 'ca.crt'))
  const ca = readFileSync(landwaiter.caFile)
  const agent = new Agent({ connect: { ca } })
  t.teardown(() => agent.destroy())
  const skopeo = () => createSkopeo(t, { kind: 'ca', certDir })
  const api = apiClient(`https://${landwaiter.host}`, agent)
  return {
    registry,
    host: landwaiter.host,
    auditFile,
    admin: skopeo(),
    developer: skopeo(),
    nobody: skopeo(),
    api,
    upload: async repository => {
      const begun = await api(`POST /v2/${repository}/blobs/uploads/`, { as: 'developer' })
      await begun.body.dump()
      const { pathname, search } = new URL(String(begun.headers['location']))
      return pathname + search
    },
    ca,
    ...makeContents(t),
  }
}

function policy(): object {
  return {
    users: {
      admin: { password: '$2y$05$.dvf/EWzsfl/tYnf7zc1RuVbCP9MzVjUaKtZYdT9WgQw6XO7OQch2' },
      developer: { password: '$2y$05$G4E/9m1ub/7iFf3wkwC3uets3kaBf3PIePU8rycRPpA0A9wFbHTli' },
      slow: { password: SLOW },
      '': {},
    },
    ext_auth: { command: '/bin/sh', args: ['-c', 'exit 3'] },
    acl: [
      { match: { account: 'admin' }, actions: ['*'] },
      {
        name: 'the team',
        match: { account: 'developer', name: 'team/*' },
        actions: ['pull', 'push', 'delete'],
      },
      { match: { account: '', name: 'public/*' }, actions: ['pull'] },
    ],
  }
}

function apiClient(url: string, dispatcher: Agent): RegistryStage['api'] {
  return async (line, { as, password, headers = {}, body }) => {
    const [method = '', path = ''] = line.split(' ')
    return await request(url + path, {
      method: method as Dispatcher.HttpMethod,
      dispatcher,
      headers: {
        'user-agent': 'inventory/1.0',
        ...(as === '' ? {} : { authorization: basic(as, password) }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    })
  }
}

type Contents = Pick<RegistryStage, 'web' | 'other' | 'multi' | 'otherMulti' | 'big' | 'names'>

function makeContents(t: Scope): Contents {
  const dir = tempDir(t)
  const web = writeOciImage(dir, { tag: 'web', layers: 1 })
  const other = writeOciImage(dir, { tag: 'other', layers: 1 })
  const multi = writeOciIndex(dir, { tag: 'multi', layers: 1 })
  const otherMulti = writeOciIndex(dir, { tag: 'other-multi', layers: 1 })
  const data = randomBytes(BIG)
  const big = { data, digest: `sha256:${createHash('sha256').update(data).digest('hex')}` }
  return {
    web,
    other,
    multi,
    otherMulti,
    big,
    names: new Map([
      ...namesOf(web, 'web'),
      ...namesOf(other, 'new web'),
      [multi.index.digest, 'sha256:<index of multi>'],
      [otherMulti.index.digest, 'sha256:<index of new multi>'],
      [big.digest, 'sha256:<large blob>'],
      [NO_DIGEST, 'sha256:<64 zeros>'],
    ]),
  }
}

function namesOf(
  { manifest, config, layers }: OciImage,
  name: string,
): readonly (readonly [string, string])[] {
  return [
    [manifest.digest, `sha256:<manifest of ${name}>`],
    [config.digest, `sha256:<config of ${name}>`],
    ...layers.map(({ digest }) => [digest, `sha256:<layer of ${name}>`] as const),
  ]
}
