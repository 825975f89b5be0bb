import type { ResourceActions } from '../model/access.ts'
import type { Decision } from '../model/decision.ts'
import { OciError } from '../model/errors.ts'
import type { Peer } from '../model/exchange.ts'
import type { Mount, RegistryRequest } from '../model/registry-request.ts'
import { mountSourceAccess } from '../oci/access.ts'
import { bearerChallenge } from '../oci/challenge.ts'
import type { Identification, RegistryPorts } from './registry-ports.ts'

/** A refused request: the answer, and what the audit line says about it. */
export class Refusal extends OciError {
  /** Absent for a bare challenge, which is no operation. */
  readonly decision: Pick<Decision, 'rule' | 'reason'> | undefined

  constructor(
    code: 'UNAUTHORIZED' | 'DENIED',
    message: string,
    options: {
      readonly detail?: unknown
      readonly headers?: Readonly<Record<string, string>>
      readonly decision?: Pick<Decision, 'rule' | 'reason'>
    } = {},
  ) {
    super(code, message, options)
    this.decision = options.decision
  }
}

/** An identification that succeeded. */
export type Identified = Extract<Identification, { outcome: 'identified' }>

/** One parsed request and what it asks for. */
export interface AuthorizationContext {
  readonly ports: RegistryPorts
  readonly peer: Peer
  readonly request: RegistryRequest
  readonly access: readonly ResourceActions[]
}

/**
 * The proven identity. A missing, wrong or expired proof is a 401 with the challenge that tells clients where to
 * get a token; an upload begun with a valid token may end with the expired one (docker_auth#240).
 * @throws Refusal
 */
export function requireIdentity(context: AuthorizationContext, found: Identification): Identified {
  const { request, ports } = context
  if (found.outcome === 'none') throw challenge(context, {})
  if (found.outcome === 'invalid') {
    throw challenge(context, { error: 'invalid_token', reason: found.reason })
  }
  if (!found.expired) return found
  if (request.kind === 'upload' && request.verb !== 'start') {
    const session = ports.uploads.find(request.session)
    const isOwn = session?.subjectName === found.identity.subject.name && session.repository === request.name
    if (isOwn) return found
  }
  throw challenge(context, { error: 'invalid_token', reason: 'the token has expired' })
}

/**
 * The decision that permits the whole access. A token's access and the policy now in force must both allow it.
 * @throws Refusal as 401 for whoever may gain by a login or a wider token, else as 403; HEAD of a blob is only
 * asked in a push, whose next request shows the 403's text, so it gets 401.
 */
export function denyUnlessGranted(context: AuthorizationContext, found: Identified): Decision {
  const { ports, peer, access, request } = context
  const { subject } = found.identity
  let last: Decision = { granted: [], denied: [], rule: 'any-login', reason: 'any login may' }
  for (const wanted of access) {
    last = ports.decide({
      subject,
      access: wanted,
      service: ports.service(),
      clientIp: peer.clientIp,
      now: ports.clock(),
      ...tagOf(request),
    })
    if (last.denied.length > 0) {
      const isBlobCheck = request.kind === 'blob' && request.verb === 'check'
      if (subject.name === '' || isBlobCheck) {
        throw challenge(context, { error: 'insufficient_scope', reason: last.reason, decision: last })
      }
      throw new Refusal('DENIED', last.reason, { decision: last })
    }
    if (found.access !== undefined && !covers(found.access, wanted)) {
      throw challenge(context, {
        error: 'insufficient_scope',
        reason: 'the token does not cover this request',
      })
    }
  }
  return last
}

/** True when this subject may take the blob from the mount's source as well. Denied mounts are dropped, never 403:
 * an error would abort the push in containerd (containerd#14086). */
export function mayMount(context: AuthorizationContext, found: Identified, mount: Mount): boolean {
  const wanted = mountSourceAccess(mount)
  const { ports, peer } = context
  const decision = ports.decide({
    subject: found.identity.subject,
    access: wanted,
    service: ports.service(),
    clientIp: peer.clientIp,
    now: ports.clock(),
  })
  return decision.denied.length === 0 && (found.access === undefined || covers(found.access, wanted))
}

function tagOf(request: RegistryRequest): { readonly tag?: string } {
  return request.kind === 'manifest' && request.reference.kind === 'tag' ? { tag: request.reference.tag } : {}
}

function covers(granted: readonly ResourceActions[], wanted: ResourceActions): boolean {
  const actions = new Set(
    granted
      .filter(entry => entry.type === wanted.type && entry.name === wanted.name)
      .flatMap(entry => entry.actions),
  )
  return actions.has('*') || wanted.actions.every(action => actions.has(action))
}

/** `error` is functional: containerd drops a cached token only when it is there (registry-api §2.1). */
function challenge(
  { ports, peer, access }: AuthorizationContext,
  fault: {
    readonly error?: 'invalid_token' | 'insufficient_scope'
    readonly reason?: string
    readonly decision?: Decision
  },
): Refusal {
  const header = bearerChallenge({
    realm: ports.realm(peer),
    service: ports.service(),
    scopes: access,
    ...(fault.error === undefined ? {} : { error: fault.error }),
    ...(fault.reason === undefined ? {} : { description: fault.reason }),
  })
  const decision =
    fault.decision ??
    (fault.error === 'invalid_token' ? { rule: 'authentication', reason: fault.reason ?? '' } : undefined)
  return new Refusal('UNAUTHORIZED', fault.reason ?? 'authentication required', {
    headers: { 'www-authenticate': header },
    detail: access.map(entry => ({ type: entry.type, name: entry.name, actions: entry.actions })),
    ...(decision === undefined ? {} : { decision }),
  })
}
