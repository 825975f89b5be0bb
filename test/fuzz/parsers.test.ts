import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import type { ResourceActions } from '../../src/model/access.ts'
import { OciError } from '../../src/model/errors.ts'
import type { RegistryRequest } from '../../src/model/registry-request.ts'
import { requiredAccess, tokenAccess, upstreamAccess } from '../../src/oci/access.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'
import { formatScope, parseScopes, ScopeError } from '../../src/oci/scope.ts'
import { canonicalTarget } from '../../src/oci/target.ts'
import { createRandom } from '../policy/random.ts'
import { mutate } from './mutate.ts'

const INPUTS = 100_000
/** Of each kind, for the test to be worth its name. */
const FEWEST = 30
const D = `sha256:${'0123456789abcdef'.repeat(4)}`
const D512 = `sha512:${'0123456789abcdef'.repeat(8)}`
const SESSION = '0b51f4a5-0c0c-4d5e-8f6d-8a5f3f6d1c11'

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE']
const KINDS = ['ping', 'catalog', 'tags', 'referrers', 'manifest', 'blob', 'upload']
const TARGETS = [
  '/v2/',
  '/v2/_catalog',
  '/v2/_catalog?n=2&last=team%2Fapp',
  '/v2/team/app/tags/list?n=10',
  '/v2/tags/list/tags/list',
  '/v2/team/app/manifests/v1.0',
  `/v2/team/app/manifests/${D}`,
  '/v2/manifests/blobs/manifests/latest',
  `/v2/a/b/c/blobs/${D512}`,
  `/v2/prod/api/blobs/${D}`.replace(':', '%3A'),
  `/v2/prod/api/referrers/${D}?artifactType=application%2Fvnd.x%2Bjson`,
  '/v2/team/app/blobs/uploads/',
  `/v2/team/app/blobs/uploads/?mount=${D}&from=prod/secret`,
  `/v2/team/app/blobs/uploads/?digest=${D}&digest-algorithm=sha512`,
  `/v2/team/app/blobs/uploads/${SESSION}?_state=abc%3D`,
  `/v2/team/app/blobs/uploads/${SESSION}?_state=abc&digest=${D}`,
  '/v2/blobs/uploads/blobs/uploads/',
]
const PATH_PIECES = [
  ...[
    '/',
    '//',
    '.',
    '..',
    '/../',
    '/./',
    '%2e%2e/',
    '%2F',
    '%2f..%2f',
    '%252f',
    '%00',
    '%0a',
    '%',
    '%3A',
    '%3a',
  ],
  ...[
    '\\',
    ';',
    ';x=1',
    '#',
    '?',
    '&',
    '=',
    '+',
    ':',
    '@',
    '~',
    '*',
    '_',
    '-',
    '__',
    '..%2f',
    '\u0000',
    '\r\n',
  ],
  ...[
    ' ',
    '\u00e4',
    '\u0430',
    '\u2024',
    '\uff0f',
    '\ud800',
    '/v2',
    '/v2/',
    '_catalog',
    '/tags/list',
    'manifests/',
  ],
  ...[
    '/manifests/',
    '/blobs/',
    '/blobs/uploads/',
    'uploads',
    '/referrers/',
    'prod/secret',
    D,
    D512,
    'sha256:',
  ],
  ...[
    '&from=',
    '&from=prod/secret',
    '&mount=',
    `&mount=${D}`,
    '&digest=',
    '&n=1',
    '&n=-1',
    '&last=',
    '&_state=',
  ],
]

// The grammar of what may be sent on, written down once more. OCI distribution-spec 1.1, "Endpoints".
const NAME = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*'
const TAG = '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}'
const DIGEST = '(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})'
const WHOLE_NAME = new RegExp(`^${NAME}$`)
const WHOLE_DIGEST = new RegExp(`^${DIGEST}$`)
const VALUE = "(?:[A-Za-z0-9._~!*'()-]|%[0-7][0-9A-F])+"
const GRAMMAR = [
  '/v2/',
  `/v2/_catalog(?:\\?(?:n=-?\\d+)?&?(?:last=${VALUE})?)?`,
  `/v2/(${NAME})/tags/list(?:\\?(?:n=-?\\d+)?&?(?:last=${VALUE})?)?`,
  `/v2/(${NAME})/manifests/(?:${TAG}|${DIGEST})`,
  `/v2/(${NAME})/blobs/${DIGEST}`,
  `/v2/(${NAME})/referrers/${DIGEST}(?:\\?artifactType=${VALUE})?`,
  `/v2/(${NAME})/blobs/uploads/(?:\\?(?:mount|from|digest|digest-algorithm)=${VALUE}(?:&[a-z-]+=${VALUE})*)?`,
  `/v2/(${NAME})/blobs/uploads/[A-Za-z0-9._=-]{1,256}(?:\\?(?:_state=${VALUE})?&?(?:digest=${VALUE})?)?`,
].map(source => new RegExp(`^${source}$`))

/** The request, or undefined when it is refused as it should be; anything else thrown is a fault. */
function parsed(method: string, target: string): RegistryRequest | undefined {
  try {
    return parseRegistryRequest(method, target)
  } catch (error) {
    if (error instanceof OciError && error.status >= 400 && error.status < 500) return undefined
    throw error
  }
}

const accessesOf = (request: RegistryRequest) =>
  [requiredAccess, tokenAccess, upstreamAccess].map(of => of(request))

/** What is wrong with the reading of an accepted request. */
function faultsOfRequest(method: string, target: string, request: RegistryRequest): readonly string[] {
  const canonical = canonicalTarget(request)
  const again = parsed(method, canonical)
  if (again === undefined) return ['the canonical form is refused']
  const isOfName = ({ type, name }: ResourceActions) => type === 'repository' && name === nameIn(canonical)
  const own = requiredAccess(request)
  const checks = {
    'the canonical form means something else': isDeepStrictEqual(again, request),
    'the canonical form needs other rights': isDeepStrictEqual(accessesOf(again), accessesOf(request)),
    'there are two canonical forms': canonicalTarget(again) === canonical,
    'it is outside the grammar': GRAMMAR.some(grammar => grammar.test(canonical)),
    'the right is for another repository':
      own.every(isOfName) || isDeepStrictEqual(own, [{ type: 'registry', name: 'catalog', actions: ['*'] }]),
    'something of the API needs no right': own.length > 0 || canonical === '/v2/',
    'its path is another': pathOf(target) === canonical.split('?')[0],
    'a registry would read other parameters in it': parametersAgree(target, canonical),
    'a mount takes a blob without a right to it': isMountFair(canonical, tokenAccess(request)),
  }
  return Object.entries(checks).flatMap(([what, holds]) => (holds ? [] : [what]))
}

/** The repository that a canonical form is about. */
function nameIn(canonical: string): string | undefined {
  return GRAMMAR.map(grammar => grammar.exec(canonical)?.[1]).find(name => name !== undefined)
}

/** The path as it came, of whose escapes only that of the colon may be read; so a server that reads all sees no other. */
function pathOf(target: string): string {
  return (target.split('?')[0] ?? '').replace(/%3a/gi, ':')
}

/** A mount names a blob and a repository, and needs a pull from there. */
function isMountFair(canonical: string, access: readonly ResourceActions[]): boolean {
  const parameters = new URLSearchParams(canonical.split('?')[1])
  const [mount, from] = [parameters.get('mount'), parameters.get('from')]
  if (mount === null && from === null) return true
  const isMount = WHOLE_DIGEST.test(mount ?? '') && WHOLE_NAME.test(from ?? '')
  return isMount && access.some(({ name, actions }) => name === from && actions.includes('pull'))
}

/** Each parameter that is sent on was there once and with this value. */
function parametersAgree(target: string, canonical: string): boolean {
  const mark = target.indexOf('?')
  // It takes one question mark off itself.
  const given = new URLSearchParams(mark < 0 ? '' : target.slice(mark))
  return [...new URLSearchParams(canonical.split('?')[1])].every(([name, value]) =>
    isDeepStrictEqual(given.getAll(name), [value]),
  )
}

t.test('no request means more than its canonical form', async t => {
  const random = createRandom(1)
  /** How many of each kind were accepted that are none of the requests they were made from. */
  const rewritten = new Map<string, number>(KINDS.map(kind => [kind, 0]))
  for (let count = 0; count < INPUTS; count++) {
    const target = mutate(random, { seeds: TARGETS, pieces: PATH_PIECES })
    for (const method of METHODS) {
      const request = parsed(method, target)
      if (request === undefined) continue
      if (!TARGETS.includes(target)) rewritten.set(request.kind, (rewritten.get(request.kind) ?? 0) + 1)
      const faults = faultsOfRequest(method, target, request)
      if (faults.length === 0) continue
      t.fail(faults.join('; '), { method, target, request, canonical: canonicalTarget(request) })
      return
    }
  }
  t.equal(rewritten.size, KINDS.length)
  for (const [kind, count] of rewritten) t.ok(count >= FEWEST, `${count} of kind ${kind} were accepted`)
})

const SCOPES = [
  'repository:team/app:pull',
  'repository:team/app:pull,push',
  'repository:team/app:*',
  'registry:catalog:*',
  'repository(plugin):team/app:pull',
  'repository:host:5000/team/app:pull,delete',
  'repository:a:pull repository:b:push,pull',
  'repository:prod/secret:delete,pull,push,push',
  'repository::',
]
const SCOPE_PIECES = [
  ...[
    ':',
    '::',
    ',',
    ',,',
    ' ',
    '  ',
    '\t',
    '\n',
    '+',
    '*',
    ',*',
    ':*',
    '(',
    ')',
    '(x)',
    '()',
    '/',
    '..',
    '\u0000',
  ],
  ...[
    '%20',
    '%2C',
    '%3A',
    '"',
    '\\',
    '\u00a0',
    '\u2028',
    '\ufeff',
    '\u00e4',
    'repository',
    'registry',
    'catalog',
  ],
  ...[
    'pull',
    'push',
    'PULL',
    'Repository:',
    'repository:prod/secret:*',
    ' repository:prod/secret:*',
    ':pull',
  ],
]

function accessOf(values: readonly string[]): readonly ResourceActions[] | undefined {
  try {
    return parseScopes(values)
  } catch (error) {
    if (error instanceof ScopeError) return undefined
    throw error
  }
}

/** What is wrong with the reading of accepted scopes. */
function faultsOfScopes(values: readonly string[], access: readonly ResourceActions[]): readonly string[] {
  const pieces = values.flatMap(value => value.split(' ')).filter(piece => piece !== '')
  const canonical = access.map(formatScope)
  const checks = {
    'the canonical form means something else': isDeepStrictEqual(accessOf(canonical), access),
    'the canonical forms in one value mean something else': isDeepStrictEqual(
      accessOf([canonical.join(' ')]),
      access,
    ),
    'there is not one access for each scope': pieces.length === access.length,
    'it is outside the grammar': access.every(isInGrammar),
    'an access is not the one of its scope': access.every((entry, index) => isOf(entry, pieces[index] ?? '')),
  }
  return Object.entries(checks).flatMap(([what, holds]) => (holds ? [] : [what]))
}

/** Nothing in it can be taken for another part, or for another scope. */
function isInGrammar({ type, name, actions }: ResourceActions): boolean {
  const isName = !name.includes(' ') && name.split(':').length <= 2
  return (
    /^[a-z0-9]+$/.test(type) && isName && actions.length > 0 && actions.every(word => !/[ ,:]/.test(word))
  )
}

/** Whether type, name and actions, put together, are the scope, but for its class and the order of actions. */
function isOf({ type, name, actions }: ResourceActions, scope: string): boolean {
  const head = scope.slice(0, scope.lastIndexOf(':'))
  const listed = scope.slice(head.length + 1).split(',')
  const withoutClass = head.replace(/^([a-z0-9]+)\([a-z0-9]+\):/, '$1:')
  return withoutClass === `${type}:${name}` && isDeepStrictEqual(listed.sort(), [...actions])
}

t.test('no scope means more than its canonical form', async t => {
  const random = createRandom(2)
  let accepted = 0
  let rewritten = 0
  for (let count = 0; count < INPUTS; count++) {
    const values = Array.from({ length: 1 + random.below(2) }, () =>
      mutate(random, { seeds: SCOPES, pieces: SCOPE_PIECES }),
    )
    const access = accessOf(values)
    if (access === undefined) continue
    accepted += 1
    if (!values.every(value => SCOPES.includes(value))) rewritten += 1
    const faults = faultsOfScopes(values, access)
    if (faults.length === 0) continue
    t.fail(faults.join('; '), { values, access })
    return
  }
  t.ok(accepted > INPUTS / 10, `${accepted} were accepted`)
  t.ok(rewritten > INPUTS / 20, `${rewritten} of them are no longer only scopes that they come from`)
})
