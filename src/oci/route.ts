import { OciError } from '../model/errors.ts'
import type { Reference } from '../model/reference.ts'
import type { Mount, Page, RegistryRequest } from '../model/registry-request.ts'
import { isDigest } from './digest.ts'
import { type Endpoint, findEndpoint } from './endpoint.ts'
import { parseQuery } from './query.ts'
import { isRepositoryName } from './repository-name.ts'
import { isTag } from './tag.ts'

const MAX_TARGET = 8 * 1024 // RFC 9110 §4.1 wants no less than 8000 octets
const MAX_SHOWN = 80

// RFC 3986 path and query characters without `;`, which some servers read as a separator.
const TARGET = /^[A-Za-z0-9\-._~!$&'()*+,=:@/?%]*$/
const NOT_CANONICAL = /\/\/|\/\.\.?(?:\/|$)/
const SESSION = /^[a-zA-Z0-9\-_.=]{1,256}$/ // distribution registry/api/v2/descriptors.go
const ALGORITHM = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*$/ // OCI image-spec 1.1, "Digests"
const COUNT = /^-?[0-9]{1,18}$/ // what is negative, distribution 2.8 ignores and 3 refuses

const VERBS = {
  ping: verbs({ GET: 'read', HEAD: 'check' }),
  catalog: verbs({ GET: 'list' }),
  tags: verbs({ GET: 'list' }),
  referrers: verbs({ GET: 'list' }),
  manifest: verbs({ DELETE: 'delete', GET: 'read', HEAD: 'check', PUT: 'write' }),
  blob: verbs({ DELETE: 'delete', GET: 'read', HEAD: 'check' }),
  uploads: verbs({ POST: 'start' }),
  session: verbs({ DELETE: 'cancel', GET: 'status', HEAD: 'status', PATCH: 'append', PUT: 'commit' }),
}

/** Whether a raw request target belongs to the registry API, well-formed or not. */
export function isRegistryTarget(target: string): boolean {
  return target === '/v2' || target.startsWith('/v2/') || target.startsWith('/v2?')
}

/**
 * Value of `Allow` for the endpoint of a raw target, as distribution's.
 * @throws OciError when there is none, as `parseRegistryRequest`.
 */
export function allowHeader(target: string): string {
  return methodsOf(VERBS[readTarget(target).endpoint.kind])
}

/**
 * The request that a method and a raw origin-form target mean. There is one spelling for each thing:
 * of percent-encoding in the path only `%3A` is read, no path is normalised, parameters that the
 * endpoint does not have are dropped. A mount that cannot be one is left out: the upload starts plain.
 * @throws OciError 400 NAME_INVALID, TAG_INVALID, DIGEST_INVALID, PAGINATION_NUMBER_INVALID or UNSUPPORTED
 *   (bad query), 404 when no such thing can exist, 405 with `Allow`, 414.
 * Spec: OCI distribution-spec 1.1, "Endpoints"; distribution docs/spec/api.md.
 */
export function parseRegistryRequest(method: string, target: string): RegistryRequest {
  const { endpoint, query } = readTarget(target)
  const { kind } = endpoint
  switch (kind) {
    case 'ping': {
      const verb = verbOf(VERBS.ping, method)
      parseQuery(query, []) // no parameter means anything here, yet a malformed query is refused everywhere
      return { kind, head: verb === 'check' }
    }
    case 'catalog':
      verbOf(VERBS.catalog, method)
      return { kind, page: parsePage(query) }
    case 'tags':
      verbOf(VERBS.tags, method)
      return { kind, name: checkName(endpoint.name), page: parsePage(query) }
    case 'referrers': {
      verbOf(VERBS.referrers, method)
      const name = checkName(endpoint.name)
      const artifactType = parseQuery(query, ['artifactType']).get('artifactType')
      return { kind, name, digest: checkDigest(endpoint.digest), ...(artifactType && { artifactType }) }
    }
    case 'manifest': {
      const verb = verbOf(VERBS.manifest, method)
      parseQuery(query, [])
      const name = checkName(endpoint.name)
      return { kind, verb, name, reference: parseReference(endpoint.reference, verb) }
    }
    case 'blob': {
      const verb = verbOf(VERBS.blob, method)
      parseQuery(query, [])
      return { kind, verb, name: checkName(endpoint.name), digest: checkDigest(endpoint.digest) }
    }
    case 'uploads':
      verbOf(VERBS.uploads, method)
      return parseUploadStart(endpoint.name, query)
    case 'session':
      return parseSession(endpoint, method, query)
  }
}

function verbs<V extends string>(table: Readonly<Record<string, V>>): ReadonlyMap<string, V> {
  return new Map(Object.entries(table))
}

function methodsOf(table: ReadonlyMap<string, unknown>): string {
  return [...table.keys()].join(', ')
}

function verbOf<V>(table: ReadonlyMap<string, V>, method: string): V {
  const verb = table.get(method)
  if (verb !== undefined) return verb
  const allow = methodsOf(table)
  throw new OciError('UNSUPPORTED', `this endpoint takes ${allow} only`, { headers: { Allow: allow } })
}

function readTarget(target: string): { readonly endpoint: Endpoint; readonly query: string } {
  if (target.length > MAX_TARGET) {
    throw new OciError('NAME_INVALID', `the URL is longer than ${MAX_TARGET} bytes`, { status: 414 })
  }
  if (!target.startsWith('/')) throw invalidTarget('is not a path')
  if (!TARGET.test(target)) throw invalidTarget('has a character that no registry URL has')
  const mark = target.indexOf('?')
  const path = (mark === -1 ? target : target.slice(0, mark)).replace(/%3a/gi, ':')
  if (path.includes('%')) throw invalidTarget('has percent-encoding in its path')
  if (NOT_CANONICAL.test(path)) throw invalidTarget('has an empty or a dot segment in its path')
  const endpoint = findEndpoint(path)
  if (endpoint === undefined) throw new OciError('NOT_FOUND', 'the registry API has no such endpoint')
  return { endpoint, query: mark === -1 ? '' : target.slice(mark + 1) }
}

function invalidTarget(fault: string): OciError {
  return new OciError('NAME_INVALID', `the request target ${fault}`)
}

function checkName(text: string): string {
  if (isRepositoryName(text)) return text
  throw new OciError('NAME_INVALID', `${show(text)} is not a valid repository name`)
}

function checkDigest(text: string): string {
  if (isDigest(text)) return text
  throw new OciError('DIGEST_INVALID', `${show(text)} is not a valid sha256 or sha512 digest`)
}

function checkCommitDigest(text: string | undefined): string {
  if (text !== undefined) return checkDigest(text)
  throw new OciError('DIGEST_INVALID', 'the end of an upload must name the digest of its blob')
}

function parseReference(text: string, verb: 'check' | 'read' | 'write' | 'delete'): Reference {
  if (text.includes(':')) return { kind: 'digest', digest: checkDigest(text) }
  if (isTag(text)) return { kind: 'tag', tag: text }
  // What cannot exist is not found; the OCI 1.1 conformance suite asks for `.INVALID_MANIFEST_NAME`.
  const status = verb === 'write' ? 400 : 404
  throw new OciError('TAG_INVALID', `${show(text)} is not a valid tag`, { status })
}

function parsePage(query: string): Page {
  const values = parseQuery(query, ['n', 'last'])
  const n = values.get('n')
  const last = values.get('last')
  if (n !== undefined && !COUNT.test(n)) {
    throw new OciError('PAGINATION_NUMBER_INVALID', `${show(n)} is not a number of results`)
  }
  return { ...(n && { n }), ...(last && { last }) }
}

function parseUploadStart(name: string, query: string): RegistryRequest {
  const values = parseQuery(query, ['mount', 'from', 'digest', 'digest-algorithm'])
  const mount = parseMount(values.get('mount'), values.get('from'))
  const digest = values.get('digest')
  const digestAlgorithm = values.get('digest-algorithm')
  if (digestAlgorithm !== undefined && !ALGORITHM.test(digestAlgorithm)) {
    throw new OciError('DIGEST_INVALID', `${show(digestAlgorithm)} is not a digest algorithm`)
  }
  return {
    kind: 'upload',
    verb: 'start',
    name: checkName(name),
    ...(mount && { mount }),
    ...(digest && { digest: checkDigest(digest) }),
    ...(digestAlgorithm && { digestAlgorithm }),
  }
}

// Without `from` a registry may take the blob from any repository, read rights or not.
function parseMount(digest: string | undefined, from: string | undefined): Mount | undefined {
  if (digest === undefined || from === undefined) return undefined
  return isDigest(digest) && isRepositoryName(from) ? { digest, from } : undefined
}

function parseSession(
  endpoint: Extract<Endpoint, { kind: 'session' }>,
  method: string,
  query: string,
): RegistryRequest {
  const verb = verbOf(VERBS.session, method)
  const name = checkName(endpoint.name)
  const { session } = endpoint
  if (!SESSION.test(session)) {
    throw new OciError('BLOB_UPLOAD_INVALID', `${show(session)} is not an upload session`, { status: 404 })
  }
  const values = parseQuery(query, ['_state', 'digest'])
  const state = values.get('_state')
  const digest = verb === 'commit' ? checkCommitDigest(values.get('digest')) : undefined
  return {
    kind: 'upload',
    verb,
    name,
    session,
    query: { ...(state && { state }), ...(digest && { digest }) },
    ...(method === 'HEAD' && { head: true }),
  }
}

function show(text: string): string {
  return text.length > MAX_SHOWN ? `"${text.slice(0, MAX_SHOWN)}..."` : `"${text}"`
}
