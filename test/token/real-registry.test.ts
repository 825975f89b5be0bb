import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Client } from 'undici'
import { ensureSigningKey } from '../../src/token/generate-key.ts'
import { createTokenIssuer } from '../../src/token/issue.ts'
import { loadSigningKey, type SigningKey } from '../../src/token/signing-key.ts'
import { createTokenVerifier } from '../../src/token/verify.ts'

const ISSUER = 'Acme auth server'
const SERVICE = 'registry.test'
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/keys/${name}`, import.meta.url))
const load = (key: string, certificate: string) =>
  loadSigningKey({ key: fixture(key), certificate: fixture(certificate) })

/** The distribution registry, set up as for docker_auth; the certificates are all that it trusts. */
async function startRegistry(dir: string, keys: readonly SigningKey[]): Promise<ChildProcess> {
  await writeFile(join(dir, 'bundle.pem'), keys.map(key => key.certificatePem).join(''))
  const config = {
    version: 0.1,
    log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') } },
    auth: {
      token: {
        realm: 'https://auth.test/auth',
        service: SERVICE,
        issuer: ISSUER,
        rootcertbundle: join(dir, 'bundle.pem'),
      },
    },
    http: { net: 'unix', addr: join(dir, 'registry.sock'), secret: 'test' },
  }
  await writeFile(join(dir, 'registry.yml'), JSON.stringify(config))
  const registry = spawn('/usr/bin/docker-registry', ['serve', join(dir, 'registry.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await once(registry, 'spawn')
  return registry
}

async function isListening(registry: ChildProcess): Promise<boolean> {
  if (registry.stderr === null) return false
  for await (const line of createInterface(registry.stderr)) {
    if (line.includes('listening on')) {
      registry.stderr.resume()
      return true
    }
  }
  return false
}

t.test('the real registry accepts our tokens, by certificate or by key id alone', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'token-'))
  t.teardown(() => rm(dir, { recursive: true }))
  const keys: Record<string, SigningKey> = {
    'RSA 2048': await load('rsa-2048.key', 'rsa-2048.crt'),
    'RSA 4096': await load('rsa-4096.key', 'rsa-4096.crt'),
    'P-256': await load('p256.key', 'p256.crt'),
    'P-384 with an expired certificate': await load('p384.key', 'p384.expired.crt'),
    'P-521': await load('p521.key', 'p521.crt'),
    'our own making': await loadSigningKey(await ensureSigningKey(join(dir, 'own'), { clock: Date.now })),
  }
  const registry = await startRegistry(dir, Object.values(keys))
  t.teardown(async () => {
    if (registry.exitCode !== null) return
    const ended = once(registry, 'exit')
    registry.kill('SIGTERM')
    await ended
  })
  t.ok(await isListening(registry), 'the registry started')
  const client = new Client('http://registry.test', { socketPath: join(dir, 'registry.sock') })
  t.teardown(() => client.close())

  async function ask(path: string, token: string) {
    const headers = { authorization: `Bearer ${token}` }
    const { statusCode, headers: answer, body } = await client.request({ method: 'GET', path, headers })
    await body.dump()
    return { statusCode, error: /error="(\w+)"/.exec(String(answer['www-authenticate']))?.[1] }
  }

  const access = [
    { type: 'repository', name: 'team/app', actions: ['pull'] },
    { type: 'repository', name: 'team/denied', actions: [] },
  ]
  for (const [name, key] of Object.entries(keys)) {
    for (const embedCertificate of [true, false]) {
      const label = `${name}, ${embedCertificate ? 'x5c' : 'kid'}`
      const options = { key, issuer: ISSUER, ttlSeconds: 900, clock: Date.now, embedCertificate }
      const { token } = await createTokenIssuer(options).issue({
        subject: 'alice',
        audience: SERVICE,
        access,
      })
      t.strictSame(await ask('/v2/', token), { statusCode: 200, error: undefined }, label)
      const found = await ask('/v2/team/app/tags/list', token)
      t.strictSame(found, { statusCode: 404, error: undefined }, `${label}: let in, and there is no such tag`)
      const denied = await ask('/v2/team/denied/tags/list', token)
      t.strictSame(denied, { statusCode: 401, error: 'insufficient_scope' }, `${label}: denied`)
    }
  }

  await t.test('also with the labels of an external subject', async t => {
    const key = await load('p256.key', 'p256.crt')
    const issuer = createTokenIssuer({ key, issuer: ISSUER, ttlSeconds: 900, clock: Date.now })
    const labels = { team: Array.from({ length: 200 }, (_, n) => `team-${n}`) }
    const external = { via: 'ext', labels } as const
    const { token } = await issuer.issue({ subject: 'eve', audience: SERVICE, access, external })
    t.strictSame(await ask('/v2/', token), { statusCode: 200, error: undefined })
    t.strictSame(await ask('/v2/team/app/tags/list', token), { statusCode: 404, error: undefined })
    const denied = await ask('/v2/team/denied/tags/list', token)
    t.strictSame(denied, { statusCode: 401, error: 'insufficient_scope' })
  })

  await t.test('and both refuse the same', async t => {
    const key = await load('p256.key', 'p256.crt')
    const stranger = await load('p384.key', 'p384.crt')
    const base = { key, issuer: ISSUER, ttlSeconds: 900, clock: Date.now }
    const verify = createTokenVerifier({ ...base, keys: [key], audiences: () => [SERVICE] })
    const cases = [
      ['another issuer', { ...base, issuer: 'other' }, SERVICE],
      ['another service', base, 'other.test'],
      ['expired', { ...base, clock: () => Date.now() - 3_600_000 }, SERVICE],
      ['not valid yet', { ...base, clock: () => Date.now() + 3_600_000 }, SERVICE],
      [
        'a key under the id of another',
        { ...base, key: { ...stranger, kid: key.kid, x5c: key.x5c } },
        SERVICE,
      ],
    ] as const
    for (const [why, options, audience] of cases) {
      const { token } = await createTokenIssuer(options).issue({ subject: 'alice', audience, access: [] })
      t.strictSame(await ask('/v2/', token), { statusCode: 401, error: 'invalid_token' }, why)
      t.not((await verify(token)).outcome, 'valid', why)
    }
  })
})
