import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Client } from 'undici'
import { allowHeader, parseRegistryRequest } from '../../src/oci/route.ts'
import { canonicalTarget } from '../../src/oci/target.ts'

const HEX = '0'.repeat(64)
const D = `sha256:${HEX}`
const binary = ['registry', 'docker-registry'].find(name => spawnSync(name, ['--version']).status === 0)

interface Answer {
  readonly status: number
  readonly allow: unknown
  readonly code?: string
  readonly detail?: unknown
}

/** Starts a registry without authentication on a socket of its own; returns a way to ask it. */
async function startRegistry(
  t: Pick<Test, 'teardown'>,
  name: string,
): Promise<(method: string, path: string) => Promise<Answer>> {
  const folder = mkdtempSync(join(tmpdir(), 'agreement-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const socketPath = join(folder, 'r.sock')
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { net: 'unix', addr: socketPath, secret: 'test' },
  }
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config))
  const child = spawn(name, ['serve', join(folder, 'config.yml')], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(async () => {
    const gone = once(child, 'exit')
    if (child.kill()) await gone
  })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the registry did not start')))
    child.stderr.on('data', chunk => String(chunk).includes('listening on') && resolve())
  })
  const client = new Client('http://localhost', { socketPath })
  t.teardown(() => client.close())
  return async (method, path) => {
    const { statusCode: status, headers, body } = await client.request({ method, path })
    const text = await body.text()
    const [error] = text.startsWith('{"errors"') ? JSON.parse(text).errors : []
    return { status, allow: headers['allow'], code: error?.code, detail: error?.detail }
  }
}

const skip = binary === undefined && 'no registry binary is installed'

t.test('reads a target as the registry does', { skip }, async t => {
  const ask = await startRegistry(t, binary ?? '')

  const names = [
    'a',
    'a/b',
    'a/manifests/blobs',
    'tags/list',
    'a/blobs/uploads',
    'a__b/c--d',
    'manifests/x',
    'uploads',
  ]
  for (const name of names) {
    const list = parseRegistryRequest('GET', `/v2/${name}/tags/list`)
    const { detail } = await ask('GET', canonicalTarget(list))
    t.strictSame(detail, { name }, `the name ${name}`)
    const kinds: readonly (readonly [string, string, string])[] = [
      ['GET', `/v2/${name}/manifests/list`, 'MANIFEST_UNKNOWN'],
      ['GET', `/v2/${name}/manifests/sha256%3a${HEX}`, 'MANIFEST_UNKNOWN'],
      ['GET', `/v2/${name}/blobs/${D}`, 'BLOB_UNKNOWN'],
      ['PATCH', `/v2/${name}/blobs/uploads/u`, 'BLOB_UPLOAD_INVALID'],
    ]
    for (const [method, target, code] of kinds) {
      const canonical = await ask(method, canonicalTarget(parseRegistryRequest(method, target)))
      t.equal(canonical.code, code, `the endpoint of ${target}`)
      t.strictSame(await ask(method, target), canonical, `the canonical form of ${target}`)
    }
  }
})

t.test('allows the methods that the registry allows', { skip }, async t => {
  const ask = await startRegistry(t, binary ?? '')
  for (const target of ['/v2/_catalog', '/v2/a/tags/list', '/v2/a/manifests/x', `/v2/a/blobs/${D}`]) {
    const { allow } = await ask('OPTIONS', target)
    t.equal(allowHeader(target), allow, target)
  }
})
