import t from 'tap'
import type { ResourceActions } from '../../src/model/access.ts'
import { mountSourceAccess, requiredAccess, tokenAccess, upstreamAccess } from '../../src/oci/access.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'

const D = `sha256:${'0'.repeat(64)}`
const repository = (...actions: readonly string[]): ResourceActions => ({
  type: 'repository',
  name: 'a/b',
  actions,
})
const pull = repository('pull')
const push = repository('pull', 'push')
const remove = repository('delete')

const table: readonly (readonly [string, readonly ResourceActions[]])[] = [
  ['GET /v2/', []],
  ['GET /v2/_catalog', [{ type: 'registry', name: 'catalog', actions: ['*'] }]],
  ['GET /v2/a/b/tags/list', [pull]],
  [`GET /v2/a/b/referrers/${D}`, [pull]],
  ['HEAD /v2/a/b/manifests/x', [pull]],
  ['GET /v2/a/b/manifests/x', [pull]],
  ['PUT /v2/a/b/manifests/x', [push]],
  ['DELETE /v2/a/b/manifests/x', [remove]],
  [`HEAD /v2/a/b/blobs/${D}`, [pull]],
  [`GET /v2/a/b/blobs/${D}`, [pull]],
  [`DELETE /v2/a/b/blobs/${D}`, [remove]],
  ['POST /v2/a/b/blobs/uploads/', [push]],
  [`POST /v2/a/b/blobs/uploads/?mount=${D}&from=c`, [push]],
  ['GET /v2/a/b/blobs/uploads/u', [push]],
  ['HEAD /v2/a/b/blobs/uploads/u', [push]],
  ['PATCH /v2/a/b/blobs/uploads/u', [push]],
  [`PUT /v2/a/b/blobs/uploads/u?digest=${D}`, [push]],
  ['DELETE /v2/a/b/blobs/uploads/u', [push]],
]

t.test('asks for the access of the operation, not of the method', async t => {
  for (const [line, access] of table) {
    const [method = '', target = ''] = line.split(' ')
    t.strictSame(requiredAccess(parseRegistryRequest(method, target)), access, line.slice(0, 60))
  }
})

t.test('asks to pull from the source of a mount', async t => {
  const access = { type: 'repository', name: 'c', actions: ['pull'] }
  t.strictSame(mountSourceAccess({ digest: D, from: 'c' }), access)
})

t.test(
  'asks a client for a token that covers a mount as well, and the registry for what it demands',
  async t => {
    for (const [line, access] of table) {
      const [method = '', target = ''] = line.split(' ')
      const request = parseRegistryRequest(method, target)
      const source = line.includes('from=c') ? [{ type: 'repository', name: 'c', actions: ['pull'] }] : []
      t.strictSame(tokenAccess(request), [...access, ...source], line.slice(0, 60))
      const isCancel = request.kind === 'upload' && request.verb === 'cancel'
      t.strictSame(upstreamAccess(request), isCancel ? [remove] : tokenAccess(request), line.slice(0, 60))
    }
  },
)
