import t from 'tap'
import { type BearerChallenge, basicChallenge, bearerChallenge } from '../../src/oci/challenge.ts'

const base = { realm: 'https://auth.example/auth', service: 'Docker registry' }
const head = 'Bearer realm="https://auth.example/auth",service="Docker registry"'
const push = { type: 'repository', name: 'a/b', actions: ['pull', 'push'] }
const pull = { type: 'repository', name: 'c', actions: ['pull'] }

const table: readonly (readonly [Partial<BearerChallenge>, string, string])[] = [
  [{}, head, 'a ping: no scope, no error'],
  [{ scopes: [] }, head, 'no access is no scope'],
  [{ scopes: [push] }, `${head},scope="repository:a/b:pull,push"`, 'one scope'],
  [
    { scopes: [push, pull] },
    `${head},scope="repository:a/b:pull,push repository:c:pull"`,
    'two scopes, one parameter',
  ],
  [
    { error: 'insufficient_scope', scopes: [pull], description: 'no' },
    `${head},scope="repository:c:pull",error="insufficient_scope",error_description="no"`,
    'the order of distribution',
  ],
  [{ error: 'invalid_token' }, `${head},error="invalid_token"`, 'a bad token'],
  [
    { description: 'say "a\\b"' },
    `${head},error_description="say \\"a\\\\b\\""`,
    'quotes and backslashes are escaped',
  ],
  [{ description: 'a\r\nEvil: 1' }, `${head},error_description="a Evil: 1"`, 'no header of its own'],
  [{ description: 'a\u0000\u007f\u0085b' }, `${head},error_description="a b"`, 'control characters'],
  [{ description: 'Z\u00fcrich \u{1f600}' }, `${head},error_description="Z?rich ?"`, 'ASCII only'],
  [
    { description: '"'.repeat(300) },
    `${head},error_description="${'\\"'.repeat(200)}"`,
    'cut before escaping',
  ],
  [
    { scopes: [{ ...pull, name: 'c",error="x' }] },
    `${head},scope="repository:c\\",error=\\"x:pull"`,
    'a name cannot end the parameter',
  ],
]

t.test('writes one Bearer challenge that any text leaves well-formed', async t => {
  for (const [extra, expected, why] of table) t.equal(bearerChallenge({ ...base, ...extra }), expected, why)
  const hostile = bearerChallenge({ realm: 'a"b\n', service: '\\' })
  t.equal(hostile, 'Bearer realm="a\\"b ",service="\\\\"', 'realm and service as well')
})

t.test('writes a Basic challenge', async t => {
  t.equal(basicChallenge('Acme auth server'), 'Basic realm="Acme auth server"')
  t.equal(basicChallenge('a"\u00e4\n'), 'Basic realm="a\\"? "', 'escaped')
})
