import t from 'tap'
import { OciError } from '../../src/model/errors.ts'
import { errorBody } from '../../src/oci/error-body.ts'

t.test('writes the envelope of the registry', async t => {
  const plain = new OciError('DENIED', 'alice may not push to "a"')
  t.equal(errorBody(plain), '{"errors":[{"code":"DENIED","message":"alice may not push to \\"a\\""}]}')
  const detail = new OciError('UNAUTHORIZED', 'm', { detail: [{ Type: 'repository' }] })
  t.equal(
    errorBody(detail),
    '{"errors":[{"code":"UNAUTHORIZED","message":"m","detail":[{"Type":"repository"}]}]}',
  )
})

t.test('keeps the cause and the headers to ourselves', async t => {
  const error = new OciError('UNKNOWN', 'm', { cause: new Error('secret'), headers: { 'Retry-After': '1' } })
  t.equal(errorBody(error), '{"errors":[{"code":"UNKNOWN","message":"m"}]}')
})

t.test('sends UNSUPPORTED where there is no such endpoint, which clients can read', async t => {
  const error = new OciError('NOT_FOUND', 'the registry API has no such endpoint')
  t.equal(error.status, 404)
  t.match(errorBody(error), '"code":"UNSUPPORTED"')
})
