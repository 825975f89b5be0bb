import t from 'tap'
import { cloudEventOf } from '../../../src/audit/export/cloud-event.ts'
import { record } from '../reading/log-files.ts'

t.test('a record is the data of its event', async t => {
  const one = record({ seq: 41, node: 'gw 1/ä' })
  t.strictSame(cloudEventOf(one), {
    specversion: '1.0',
    id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7-41',
    source: '/landwaiter/gw%201%2F%C3%A4',
    type: 'landwaiter.manifest.pull',
    subject: 'team/web:1.0',
    time: '2026-11-24T16:00:41.000Z',
    sequence: '0000000000000041',
    datacontenttype: 'application/json',
    data: one,
  })
})

const TYPES = [
  { fields: { action: 'push', outcome: 'denied' }, type: 'landwaiter.manifest.push.denied' },
  {
    fields: { action: 'login', kind: 'session', outcome: 'failed' },
    type: 'landwaiter.session.login.failed',
  },
  { fields: { action: 'server.start', kind: 'server' }, type: 'landwaiter.server.start' },
  { fields: { action: 'cert.renew', kind: 'certificate' }, type: 'landwaiter.cert.renew' },
] as const

for (const { fields, type } of TYPES) {
  t.test(`the type is ${type}`, async t => {
    t.equal(cloudEventOf(record(fields)).type, type)
  })
}

t.test('the subject is what the operation was about', async t => {
  const digest = `sha256:${'ab'.repeat(32)}`
  t.equal(cloudEventOf(record({ tag: undefined, digest })).subject, `team/web@${digest}`)
  t.equal(cloudEventOf(record({ tag: undefined })).subject, 'team/web')
  t.equal(cloudEventOf(record({ repository: undefined })).subject, undefined)
})
