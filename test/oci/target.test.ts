import t from 'tap'
import { OciError } from '../../src/model/errors.ts'
import type { RegistryRequest } from '../../src/model/registry-request.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'
import { canonicalTarget } from '../../src/oci/target.ts'

const HEX = '0123456789abcdef'.repeat(4)
const D = `sha256:${HEX}`

t.test('forwards what means the same, in safe characters, whatever the target', async t => {
  const random = generator(20_240_501)
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? ''
  let parsed = 0
  for (let round = 0; round < 6000; round++) {
    const target = randomTarget(pick, random)
    const method = pick(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'])
    const request = attempt(method, target)
    if (request instanceof OciError) continue
    parsed++
    const canonical = canonicalTarget(request)
    const again = attempt(method, canonical)
    if (JSON.stringify(again) !== JSON.stringify(request)) t.strictSame(again, request, `${method} ${target}`)
    if (!/^\/v2\/[a-zA-Z0-9/_.:=-]*(?:\?[a-zA-Z0-9_.!~*'()%&=-]+)?$/.test(canonical))
      t.fail(`unsafe: ${canonical}`)
    if (/\/\/|\/\.\.?(?:\/|$)/.test(canonical)) t.fail(`not canonical: ${canonical}`)
  }
  t.ok(parsed > 600, `${parsed} of the targets were valid`)
})

function randomTarget(pick: (from: readonly string[]) => string, random: () => number): string {
  const names = [
    'a',
    'a/b',
    'tags',
    'list',
    'manifests',
    'blobs',
    'uploads',
    'a__b',
    'A',
    '..',
    'a%2fb',
    '_catalog',
  ]
  const tails = [
    'manifests/x',
    `manifests/${D}`,
    `blobs/${D}`,
    'blobs/uploads/',
    'blobs/uploads/u-1',
    'tags/list',
    `referrers/sha256%3a${HEX}`,
    'manifests/sha256:a',
    'manifests/',
    'blobs/uploads',
  ]
  const keys = [
    'n',
    'last',
    'mount',
    'from',
    'digest',
    '_state',
    'artifactType',
    'tag',
    'ns',
    '%6e',
    'digest-algorithm',
  ]
  const values = [
    '1',
    'a',
    'a/b',
    D,
    'a%2Fb',
    'a+b',
    '%26n%3D2',
    '%3D',
    'a=b',
    '',
    '%',
    '%27%22%5C',
    '~*!()',
    '%0a',
    '?',
  ]
  const path = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(names)).join('/')
  const query = Array.from({ length: Math.floor(random() * 4) }, () => `${pick(keys)}=${pick(values)}`).join(
    '&',
  )
  const target = `/v2/${random() < 0.05 ? '_catalog' : `${path}/${pick(tails)}`}${query && `?${query}`}`
  if (random() > 0.1) return target
  const at = Math.floor(random() * target.length)
  return (
    target.slice(0, at) +
    pick(['%', '/', '.', '?', '&', ';', '\\', ' ', '\u0000', '\u00e9']) +
    target.slice(at)
  )
}

/** Mulberry32: the same numbers for the same seed, in [0, 1). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function attempt(method: string, target: string): RegistryRequest | OciError {
  try {
    return parseRegistryRequest(method, target)
  } catch (error) {
    if (error instanceof OciError) return error
    throw error
  }
}
