import type { ResourceActions } from '../model/access.ts'
import type { Decision } from '../model/decision.ts'
import type { Peer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { tokenAccess } from '../oci/access.ts'
import { bearerChallenge } from '../oci/challenge.ts'
import { hiddenRefusal } from './hidden-refusal.ts'
import type { Identification } from './identification.ts'
import { Refusal, type RefusalGrounds } from './refusal.ts'
import type { RegistryPorts } from './registry-ports.ts'

/** An identification that succeeded. */
export type Identified = Extract<Identification, { outcome: 'identified' }>

/** One parsed request and what it asks for. */
export interface AuthorizationContext {
  readonly ports: RegistryPorts
  readonly peer: Peer
  readonly request: RegistryRequest
  readonly access: readonly ResourceActions[]
}

/** For what needs no right but to be somebody. */
const ANY_LOGIN: Decision = { granted: [], denied: [], rule: 'any-login', reason: 'any login may' }

/**
 * The proven identity. A missing, wrong or expired proof is a 401 with the challenge that tells clients where to
 * get a token; an upload begun with a valid token may end with the expired one (docker_auth#240).
 * @throws Refusal
 */
export async function requireIdentity(
  context: AuthorizationContext,
  found: Identification,
): Promise<Identified> {
  if (found.outcome === 'none') throw challenge(context)
  if (found.outcome === 'invalid') throw invalidToken(context, found.reason)
  if (found.expired && !(await continuesOwnUpload(context, found))) {
    throw invalidToken(context, 'the token has expired')
  }
  // A ping that is let in makes docker believe that there are no logins here, and it would never send one.
  if (context.request.kind === 'ping' && isByCertificate(found)) throw challenge(context)
  return found
}

/**
 * The decision that permits the whole access. A token's access and the policy now in force must both allow it.
 * @throws Refusal as 401 for whoever may gain by a login or a wider token, and for a HEAD of a blob, whose answer has
 * no body to say more; else as 403.
 */
export async function denyUnlessGranted(context: AuthorizationContext, found: Identified): Promise<Decision> {
  let decision = ANY_LOGIN
  for (const wanted of context.access) {
    decision = await decideOrOverwrite(context, found, inOurWords(context.request, wanted))
    if (decision.denied.length > 0) throw await denial(context, found, decision)
    if (!covers(found, wanted)) {
      throw challenge(context, {
        error: 'insufficient_scope',
        description: 'the token does not cover this request',
      })
    }
  }
  return decision
}

/** Tokens know docker's words only; the policy tells a list from a pull. */
function inOurWords(request: RegistryRequest, wanted: ResourceActions): ResourceActions {
  return request.kind === 'tags' ? { ...wanted, actions: ['list'] } : wanted
}

/** Whether a push creates a tag or moves it shows when the tag is looked at, so either right lets it begin. */
async function decideOrOverwrite(
  context: AuthorizationContext,
  found: Identified,
  wanted: ResourceActions,
): Promise<Decision> {
  const { request } = context
  const decision = await decide(context, found, wanted)
  const isTagPush =
    request.kind === 'manifest' && request.verb === 'write' && request.reference.kind === 'tag'
  if (decision.denied.length === 0 || !isTagPush) return decision
  const overwrite = await decide(context, found, { ...wanted, actions: ['overwrite', 'pull'] })
  return overwrite.denied.length === 0 ? overwrite : decision
}

/** True when the policy and the token both allow `wanted`, which the request can do without. */
export async function mayAlso(
  context: AuthorizationContext,
  found: Identified,
  wanted: ResourceActions,
): Promise<boolean> {
  return covers(found, wanted) && (await decide(context, found, wanted)).denied.length === 0
}

async function continuesOwnUpload(
  { request, ports }: AuthorizationContext,
  { identity }: Identified,
): Promise<boolean> {
  if (request.kind !== 'upload' || request.verb === 'start') return false
  const session = await ports.uploads.find(request.session)
  return session?.subjectName === identity.subject.name && session.repository === request.name
}

/** The policy's answer for this subject and client; about a tag, if given. */
export function decideOn(
  { ports, peer }: AuthorizationContext,
  { identity }: Identified,
  { access, tag }: { readonly access: ResourceActions; readonly tag?: string | undefined },
): Decision | Promise<Decision> {
  return ports.decide({
    subject: identity.subject,
    access,
    service: ports.service(),
    clientIp: peer.clientIp,
    now: ports.clock(),
    userAgent: peer.userAgent,
    tag,
  })
}

function decide(
  context: AuthorizationContext,
  found: Identified,
  access: ResourceActions,
): Decision | Promise<Decision> {
  const { request } = context
  const isTag = request.kind === 'manifest' && request.reference.kind === 'tag'
  return decideOn(context, found, { access, tag: isTag ? request.reference.tag : undefined })
}

/** Without a token, as with a password, the policy alone decides. */
function covers({ access }: Identified, wanted: ResourceActions): boolean {
  if (access === undefined) return true
  const granted = access.filter(entry => entry.type === wanted.type && entry.name === wanted.name)
  const includes = (action: string) => granted.some(entry => entry.actions.includes(action))
  return includes('*') || wanted.actions.every(includes)
}

/** The answer to a denial: 401 for whoever may gain by a login, else 403. */
export async function denial(
  context: AuthorizationContext,
  found: Identified,
  decision: Decision,
): Promise<Refusal> {
  const { request, ports } = context
  const isLoggedIn = found.identity.subject.name !== '' && !isByCertificate(found)
  const isHiding = isLoggedIn && ports.hideUnauthorized()
  const hidden = isHiding ? hiddenRefusal(request, decision) : undefined
  if (hidden !== undefined) return hidden
  if (request.kind !== 'blob' || request.verb !== 'check') {
    if (isLoggedIn) return new Refusal('DENIED', decision.reason, { decision })
    return challenge(context, { error: 'insufficient_scope', description: decision.reason, decision })
  }
  // Only a push asks for a blob in this way, and skopeo and podman show this very text.
  const push = await decide(context, found, { type: 'repository', name: request.name, actions: ['push'] })
  const shown = push.denied.length > 0 ? push : decision
  return challenge(context, { error: 'insufficient_scope', description: shown.reason, decision: shown })
}

/** Without a token: the client may have a login as well, which it sends when it is asked to. */
function isByCertificate({ identity }: Identified): boolean {
  return identity.via === 'certificate'
}

function invalidToken(context: AuthorizationContext, reason: string): Refusal {
  const decision = { rule: 'authentication', reason }
  return challenge(context, { error: 'invalid_token', description: reason, decision })
}

/** `error` is functional: containerd drops a cached token only when it is there (its `invalidAuthorization`). */
function challenge(
  { ports, peer, request }: AuthorizationContext,
  fault: {
    readonly error?: 'invalid_token' | 'insufficient_scope'
    readonly description?: string
    readonly decision?: RefusalGrounds
  } = {},
): Refusal {
  const { decision, ...described } = fault
  const access = tokenAccess(request)
  const value = bearerChallenge({
    realm: ports.realm(peer),
    service: ports.service(),
    scopes: access,
    ...described,
  })
  return new Refusal('UNAUTHORIZED', described.description ?? 'authentication required', {
    headers: { 'www-authenticate': value },
    detail: challengeDetail(access),
    decision,
  })
}

/** As distribution writes it; some clients print it. */
function challengeDetail(access: readonly ResourceActions[]): readonly object[] | null {
  if (access.length === 0) return null
  return access.flatMap(({ type, name, actions }) =>
    actions.map(action => ({ Type: type, Class: '', Name: name, Action: action })),
  )
}
