import t from 'tap'
import { openRedirects } from '../../src/app/open-redirects.ts'
import type { OnRedirect } from '../../src/upstream/forward.ts'
import { loadText, MINIMUM } from '../config/load-text.ts'

const SILENT = { debug: () => undefined, info: () => undefined, error: () => undefined }

/** Hosts that the log warns of when a registry of this name redirects to each of the places. */
async function warned(domain: string, places: readonly string[]): Promise<readonly unknown[]> {
  const hosts: unknown[] = []
  const { config } = await loadText(`${MINIMUM}domains: {registry: "${domain}"}\n`)
  const warn = (_: string, fields?: Readonly<Record<string, unknown>>) => void hosts.push(fields?.['host'])
  const { onRedirect, close } = openRedirects(config, { ...SILENT, warn })
  const exchange = { peer: { scheme: 'https', host: domain } } as Parameters<OnRedirect>[0]
  for (const location of places) {
    const answer = await onRedirect?.(exchange, { status: 307, headers: { location } })
    if (answer !== undefined) throw new Error('an answer was replaced')
  }
  await close()
  return hosts
}

const UNREACHABLE = [
  'http://minio:9000/b',
  'http://10.1.2.3:9000/b',
  'http://127.0.0.1/b',
  'http://169.254.1.1/b',
  'http://[fd00::1]:9000/b',
  'https://s3.example.internal/b',
  'https://nas.local/b',
]

t.test('a public registry warns once of each storage that its clients may not reach', async t => {
  const places = ['https://s3.example.com/b', 'https://8.8.8.8/b', ...UNREACHABLE, ...UNREACHABLE]
  t.strictSame(await warned('registry.example.com', places), [
    'minio',
    '10.1.2.3',
    '127.0.0.1',
    '169.254.1.1',
    'fd00::1',
    's3.example.internal',
    'nas.local',
  ])
})

t.test('it warns of no redirect to itself', async t => {
  t.strictSame(await warned('registry.example.com', ['https://registry.example.com/v2/x', '/v2/x']), [])
})

t.test('it warns of a hundred at most', async t => {
  const places = Array.from({ length: 200 }, (_, index) => `http://host${index}/b`)
  t.equal((await warned('registry.example.com', places)).length, 100)
})

t.test('a registry of a private name does not warn', async t => {
  for (const domain of ['localhost', 'registry.lan', '10.0.0.1'])
    t.strictSame(await warned(domain, UNREACHABLE), [], domain)
})
