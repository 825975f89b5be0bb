import t from 'tap'
import { requireAuditLog } from '../../src/http/require-audit-log.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const READS = [
  'GET /v2/',
  'GET /v2/_catalog',
  'GET /v2/team/web/tags/list',
  `GET /v2/team/web/referrers/${DIGEST}`,
  'GET /v2/team/web/manifests/1.0',
  'HEAD /v2/team/web/manifests/1.0',
  `GET /v2/team/web/blobs/${DIGEST}`,
  `HEAD /v2/team/web/blobs/${DIGEST}`,
  'GET /v2/team/web/blobs/uploads/5e1b',
]
const WRITES = [
  'PUT /v2/team/web/manifests/1.0',
  `DELETE /v2/team/web/manifests/${DIGEST}`,
  `DELETE /v2/team/web/blobs/${DIGEST}`,
  'POST /v2/team/web/blobs/uploads/',
  'PATCH /v2/team/web/blobs/uploads/5e1b',
  `PUT /v2/team/web/blobs/uploads/5e1b?digest=${DIGEST}`,
  'DELETE /v2/team/web/blobs/uploads/5e1b',
]

function ask(row: string, refused: 'read' | 'write') {
  const [method = '', target = ''] = row.split(' ')
  const auditRefusal = (request: 'read' | 'write') => (request === refused ? 'ENOSPC' : undefined)
  return requireAuditLog({ auditRefusal }, parseRegistryRequest(method, target))
}

t.test('writes are kept out while the log has no room, reads are not', async t => {
  for (const row of READS) await t.resolves(ask(row, 'write'), row)
  for (const row of WRITES) {
    await t.rejects(
      ask(row, 'write'),
      {
        oci: 'UNAVAILABLE',
        status: 503,
        headers: { 'retry-after': '5' },
        message: 'the audit log cannot be written (ENOSPC), so pushes and deletes are refused until it can',
      },
      row,
    )
  }
})

t.test('after the grace nothing is let in', async t => {
  for (const row of READS) {
    await t.rejects(ask(row, 'read'), { status: 503, message: /so all requests are refused/ }, row)
  }
})
