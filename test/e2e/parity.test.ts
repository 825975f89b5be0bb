import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Dispatcher, request } from 'undici'
import { ensureSigningKey } from '../../src/token/generate-key.ts'
import { startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { type RealRegistry, type RegistryOptions, startRealRegistry } from '../support/real-registry.ts'
import { tempDir } from '../support/temp-dir.ts'
import { type Ask, createAsk } from './parity-ask.ts'
import { pushRows } from './parity-push-rows.ts'
import { readRows, undeletableRows } from './parity-read-rows.ts'
import type { Answer, Row } from './parity-row.ts'

const ISSUER = 'Parity test'
const SERVICE = 'parity.test'
const rows = [...pushRows, ...readRows]
const NAMES = ['par/one', 'par/two', 'par/none', 'dev-backend/x']

interface Setup {
  readonly auth: 'none' | 'internal' | 'passthrough'
  readonly registry: Pick<RegistryOptions, 'listen' | 'allowDelete'>
}

const setups: readonly Setup[] = [
  { auth: 'none', registry: { listen: 'tcp' } },
  { auth: 'none', registry: { listen: 'unix' } },
  { auth: 'internal', registry: { listen: 'tcp' } },
  { auth: 'internal', registry: { listen: 'unix' } },
  { auth: 'passthrough', registry: { listen: 'tcp' } },
]

t.test('answers every call of the API as the bare registry does', async t => {
  const bare = await answers(await askBare(t, {}), rows)
  for (const setup of setups) {
    await t.test(`auth ${setup.auth} over ${setup.registry.listen}`, async t => {
      const ours = await answers(await askThrough(t, setup), rows)
      compare(t, { table: rows, bare, ours })
    })
  }
})

t.test('answers as the bare registry does when it does not delete', async t => {
  const registry = { allowDelete: false }
  const bare = await answers(await askBare(t, registry), undeletableRows)
  const ours = await answers(await askThrough(t, { auth: 'internal', registry }), undeletableRows)
  compare(t, { table: undeletableRows, bare, ours })
})

t.test('challenges who shows nothing, or nothing good, as a registry with token authentication', async t => {
  const { landwaiter, registry } = await startBefore(t, { auth: 'internal', registry: {} })
  const blob = `sha256:${'0'.repeat(64)}`
  const calls = [
    'GET /v2/',
    'HEAD /v2/',
    'GET /v2/_catalog',
    'GET /v2/par/one/tags/list',
    'HEAD /v2/par/one/manifests/x',
    'PUT /v2/par/one/manifests/x',
    'DELETE /v2/par/one/manifests/x',
    `GET /v2/par/one/blobs/${blob}`,
    `POST /v2/par/one/blobs/uploads/?mount=${blob}&from=par/two`,
  ]
  for (const authorization of [undefined, 'Bearer abc']) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    for (const call of calls) {
      const [method = '', path = ''] = call.split(' ')
      const bare = await request(registry.upstream + path, {
        method: method as Dispatcher.HttpMethod,
        headers,
      })
      const expected = challengeOf(bare.headers, await bare.body.text())
      const ours = await landwaiter.request(path, { method, headers })
      t.strictSame([ours.status, challengeOf(ours.headers, ours.text)], [bare.statusCode, expected], call)
    }
  }
})

/** What a 401 says, without the realm and our own words; the registry names scopes and actions in any order. */
function challengeOf(headers: IncomingHttpHeaders, text: string): object {
  const challenge = String(headers['www-authenticate'])
    .replace(/realm="[^"]*"/, 'realm')
    .replace(/,error_description="[^"]*"/, '')
    .replace('push,pull', 'pull,push')
    .replace(/scope="([^"]*)"/, (_, scopes: string) => `scope="${scopes.split(' ').sort().join(' ')}"`)
  if (text === '') return { challenge }
  const { errors } = JSON.parse(text)
  const { code, detail } = errors[0]
  return {
    challenge,
    code,
    detail: Array.isArray(detail) ? detail.map(each => JSON.stringify(each)).sort() : detail,
  }
}

async function askBare(t: Test, options: RegistryOptions): Promise<Ask> {
  const registry = await startRealRegistry(t, options)
  return createAsk(t, { url: registry.upstream })
}

async function askThrough(t: Test, setup: Setup): Promise<Ask> {
  const { landwaiter } = await startBefore(t, setup)
  const scopes = NAMES.map(name => `repository:${name}:*`)
  const admin = await landwaiter.token('admin', ...scopes, 'registry:catalog:*')
  const developer = await landwaiter.token('developer', 'repository:dev-backend/x:pull,push')
  return createAsk(t, {
    url: landwaiter.url,
    caFile: landwaiter.caFile,
    authorization: row => `Bearer ${row.as === 'developer' ? developer : admin}`,
  })
}

/** A landwaiter before a registry of its own, which is told to trust the key of the tokens as for docker_auth. */
async function startBefore(
  t: Test,
  { auth, registry: options }: Setup,
): Promise<{ readonly landwaiter: TestLandwaiter; readonly registry: RealRegistry }> {
  const state = join(tempDir(t), 'state')
  const { certificate } = await ensureSigningKey(join(state, 'token'), { clock: Date.now })
  const guard = {
    realm: 'https://auth.test/auth',
    service: SERVICE,
    issuer: ISSUER,
    rootCertBundle: certificate,
  }
  const registry = await startRealRegistry(t, auth === 'none' ? options : { ...options, auth: guard })
  const config = {
    state_dir: state,
    token: { issuer: ISSUER, service: SERVICE },
    registry: { upstream: registry.upstream, auth },
  }
  return { landwaiter: await startLandwaiter(t, { config }), registry }
}

async function answers(ask: Ask, table: readonly Row[]): Promise<readonly Answer[]> {
  const list: Answer[] = []
  // In the table's order: each call builds on those before it.
  for (const row of table) list.push(await ask(row))
  return list
}

function compare(
  t: Test,
  runs: {
    readonly table: readonly Row[]
    readonly bare: readonly Answer[]
    readonly ours: readonly Answer[]
  },
): void {
  for (const [i, { call, why, differs }] of runs.table.entries()) {
    const label = differs === undefined ? `${why}: ${call}` : `${why}: ${call} (${differs.reason})`
    t.strictSame(runs.ours[i], { ...runs.bare[i], ...differs?.ours }, label)
  }
}
