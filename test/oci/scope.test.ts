import t from 'tap'
import type { ResourceActions } from '../../src/model/access.ts'
import { formatScope, parseScopes, ScopeError } from '../../src/oci/scope.ts'

const entry = (type: string, name: string, ...actions: readonly string[]): ResourceActions => ({
  type,
  name,
  actions,
})
const foo = (...actions: readonly string[]) => entry('repository', 'foo', ...actions)

const accepted: readonly (readonly [readonly string[], readonly ResourceActions[], string])[] = [
  [[], [], 'a login asks for nothing'],
  [[''], [], 'an empty value is none'],
  [[' ', '   '], [], 'blanks alone are none'],
  [['repository:foo:push,pull'], [foo('pull', 'push')], 'actions are sorted'],
  [['repository:foo:pull,pull,push'], [foo('pull', 'pull', 'push')], 'repeated actions stay'],
  [['repository:foo:pull,push,delete,*'], [foo('*', 'delete', 'pull', 'push')], 'the star sorts first'],
  [
    ['repository:foo:pull', 'repository:x:delete'],
    [foo('pull'), entry('repository', 'x', 'delete')],
    'repeated values keep their order',
  ],
  [
    ['repository:foo:pull repository:x:delete'],
    [foo('pull'), entry('repository', 'x', 'delete')],
    'joined by a space',
  ],
  [
    ['repository:foo:pull', 'repository:foo:pull,push'],
    [foo('pull'), foo('pull', 'push')],
    'one entry a scope, also for the same name (containerd)',
  ],
  [['registry:catalog:*'], [entry('registry', 'catalog', '*')], 'catalog'],
  [
    ['repository(plugin):foo:pull'],
    [foo('pull')],
    'the class is dropped: the registry compares types literally',
  ],
  [['repository:host:5000/foo:pull'], [entry('repository', 'host:5000/foo', 'pull')], 'a name with a port'],
  [['repository:foo:'], [foo('')], 'an empty action, as docker_auth'],
  [['repository::pull'], [entry('repository', '', 'pull')], 'an empty name, as docker_auth'],
  [['repository:a/../b:pull'], [entry('repository', 'a/../b', 'pull')], 'a name is only compared'],
  [['unknown:foo:x'], [entry('unknown', 'foo', 'x')], 'the policy answers for unknown types'],
  [['', 'repository:foo:pull'], [foo('pull')], 'a first empty value cancels nothing'],
  [['repository:foo:pull', ''], [foo('pull')], 'an empty value is skipped'],
  [[' repository:foo:pull  repository:foo:push '], [foo('pull'), foo('push')], 'extra spaces are skipped'],
]

const refused: readonly (readonly [string, string, string])[] = [
  ['foo', 'invalid scope: "foo"', 'one part'],
  ['repository: x:pull', 'invalid scope: "repository:"', 'a space ends a scope'],
  ['repository:a:b:c:pull', 'invalid scope: "repository:a:b:c:pull"', 'five parts'],
  ['repository:x:pull\trepository:y:pull', 'invalid scope: "repository:x:pull\\trepository:y:pull"', 'a tab'],
  ['repository:x:pull+repository:y:pull', 'invalid scope: "repository:x:pull+repository:y:pull"', 'a plus'],
  ['REPO:foo:pull', 'malformed scope request', 'upper case'],
  ['Repository:foo:pull', 'malformed scope request', 'docker_auth reads epository here'],
  ['aregistry-x:catalog:*', 'malformed scope request', 'docker_auth reads aregistry here'],
  [':foo:pull', 'malformed scope request', 'no type'],
  ['repository():foo:pull', 'malformed scope request', 'an empty class'],
  ['repository(plugin)x:foo:pull', 'malformed scope request', 'text after the class'],
  ['repository\n:foo:pull', 'malformed scope request', 'a line feed'],
  ['REPO', 'malformed scope request', 'the type is looked at first'],
  [`repository:${'x'.repeat(200)}`, `invalid scope: "repository:${'x'.repeat(89)}"`, 'a long one is cut'],
]

t.test('reads scopes as docker_auth does', async t => {
  for (const [values, access, why] of accepted) t.strictSame(parseScopes(values), access, why)
})

t.test('refuses malformed scopes with the words of docker_auth', async t => {
  for (const [value, message, why] of refused) {
    t.equal(refusal(['repository:ok:pull', value]), message, why)
  }
})

t.test('takes hundreds of scopes and refuses what no client sends', async t => {
  const scopes = (count: number) => Array.from({ length: count }, (_, index) => `repository:r${index}:pull`)
  t.equal(parseScopes(scopes(500)).length, 500, 'repeated')
  t.equal(parseScopes([scopes(500).join(' ')]).length, 500, 'joined')
  t.equal(parseScopes(scopes(512)).length, 512, 'the most')
  t.equal(refusal(scopes(513)), 'too many scopes: at most 512')
  t.equal(refusal([scopes(513).join(' ')]), 'too many scopes: at most 512')
  const long = `repository:${'x'.repeat(16 * 1024 - 16)}:pull`
  t.equal(parseScopes([long, long]).length, 2, 'the longest')
  t.equal(refusal([long, long, ' ']), 'scopes too long: at most 32768 characters', 'blanks count')
})

t.test('writes an access as the scope that it was', async t => {
  for (const text of ['repository:a/b:pull,push', 'registry:catalog:*', 'repository:host:5000/a:pull']) {
    t.strictSame(parseScopes([text]).map(formatScope), [text])
  }
})

function refusal(values: readonly string[]): string | undefined {
  try {
    parseScopes(values)
  } catch (error) {
    if (error instanceof ScopeError) return error.message
    throw error
  }
  return undefined
}
