import { inspect } from 'node:util'
import t from 'tap'
import { Secret } from '../../src/model/secret.ts'

t.test('a secret never prints itself', async t => {
  const secret = new Secret('hunter2')
  t.equal(`${secret}`, '***')
  t.equal(JSON.stringify({ secret }), '{"secret":"***"}')
  t.equal(inspect(secret), '***')
  t.equal(secret.reveal(), 'hunter2')
})
