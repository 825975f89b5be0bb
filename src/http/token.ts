import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResourceActions } from '../model/access.ts'
import type { AuditOutcome } from '../model/audit-event.ts'
import type { AuthnResult, Credentials } from '../model/credentials.ts'
import { AuditUnwritable, OciError } from '../model/errors.ts'
import type { Identity, Peer, TokenExchange } from '../model/exchange.ts'
import { formatScope } from '../oci/scope.ts'
import { endOfTurn } from './end-of-turn.ts'
import { asOciError, logFailure, outcomeOfFailure } from './failure.ts'
import { sendReply } from './reply.ts'
import { sendTokenFailure } from './token-failure.ts'
import type { IssuedToken, TokenPorts } from './token-ports.ts'
import { badRequest, TokenRefused } from './token-refused.ts'
import { parseTokenRequest, type TokenRequest } from './token-request.ts'

const MAX_SHOWN = 100
const RETRY_SECONDS = '5'

type Draft = { -readonly [K in keyof TokenExchange]: TokenExchange[K] }

/** The token realm: who are you, what may you of what you ask, here is a token that says so. */
export function createTokenHandler(
  ports: TokenPorts,
): (req: IncomingMessage, res: ServerResponse, peer: Peer) => Promise<void> {
  return async (req, res, peer) => {
    const basic = ports.basicCredentials(req.headers.authorization)
    const account = basic?.name ?? ''
    const draft: Draft = { peer, outcome: 'success', status: 200, account, scopes: [], granted: [] }
    try {
      if (req.headers.expect !== undefined) res.writeContinue()
      const request = await parseTokenRequest(req, basic)
      draft.account = request.credentials.name
      draft.scopes = request.access.map(formatScope)
      const audience = requireKnownService(ports, request.service)
      const identity = await identify(ports, { req, peer, credentials: request.credentials })
      draft.identity = identity
      const access = await grantedAccess(ports, { peer, identity, audience, access: request.access })
      draft.granted = access.filter(entry => entry.actions.length > 0).map(formatScope)
      const issued = await ports.issue({ subject: identity.subject, audience, access })
      draft.identity = { ...identity, tokenId: issued.id }
      draft.expires = new Date(issued.expiresAt).toISOString()
      await ports.audit(draft).catch(refuseWithoutLine)
      await endOfTurn()
      await sendToken(req, res, { issued, request, granted: draft.granted })
    } catch (error) {
      await refuse(ports, { req, res, draft }, error)
    }
  }
}

/** Unlike a push, a token that was not sent has changed nothing. */
function refuseWithoutLine(cause: unknown): never {
  if (!(cause instanceof AuditUnwritable)) throw cause
  throw new OciError('UNAVAILABLE', `${cause.message}, so no tokens are given out until it can`, {
    headers: { 'retry-after': RETRY_SECONDS },
    cause,
  })
}

function requireKnownService({ service, services }: TokenPorts, asked: string): string {
  if (asked === '') return service()
  if (services().includes(asked)) return asked
  const known = services().map(name => JSON.stringify(name))
  throw badRequest(
    `unknown service ${JSON.stringify(asked.slice(0, MAX_SHOWN))}, this is ${known.join(' or ')}`,
  )
}

/** Who sends neither a password nor another's name is whom the client certificate names. */
async function identify(
  ports: TokenPorts,
  {
    req,
    peer,
    credentials,
  }: { readonly req: IncomingMessage; readonly peer: Peer; readonly credentials: Credentials },
): Promise<Identity> {
  const certificate = ports.hasLogin(req.headers.authorization) ? undefined : peer.certificate
  if (certificate !== undefined && credentials.password.reveal() === '') {
    const { name } = credentials
    if (certificate.outcome === 'refused') throw new TokenRefused('invalid_grant', certificate.reason)
    const { subject } = certificate
    if (name === '' || name === subject.name) return { subject, via: subject.via }
  }
  return requireAuthenticated(await ports.authenticate(credentials), credentials.name)
}

/** One text for a wrong password and for an unknown name: it must not tell a client which names exist. */
function requireAuthenticated(result: AuthnResult, name: string): Identity {
  if (result.outcome === 'authenticated') return { subject: result.subject, via: result.subject.via }
  if (name === '') throw new TokenRefused('invalid_grant', 'authentication required: log in first')
  throw new TokenRefused('invalid_grant', 'wrong user name or password', {
    auditReason: result.outcome === 'rejected' ? result.reason : 'there is no such user',
  })
}

/** One entry for each scope asked for, in order; what is denied is left out of its actions (token.md). */
async function grantedAccess(
  ports: TokenPorts,
  ask: {
    readonly peer: Peer
    readonly identity: Identity
    readonly audience: string
    readonly access: readonly ResourceActions[]
  },
): Promise<readonly ResourceActions[]> {
  const now = ports.clock()
  const { userAgent } = ask.peer
  const access: ResourceActions[] = []
  // One after the other: hundreds at once would overflow the queue of an external authorizer.
  for (const entry of ask.access) {
    const decision = await ports.decide({
      subject: ask.identity.subject,
      access: entry,
      service: ask.audience,
      clientIp: ask.peer.clientIp,
      now,
      ...(userAgent === undefined ? {} : { userAgent }),
    })
    access.push({ type: entry.type, name: entry.name, actions: decision.granted })
  }
  return access
}

/** No `issued_at`: clients would measure the expiry against their own, perhaps wrong, clock. */
async function sendToken(
  req: IncomingMessage,
  res: ServerResponse,
  answer: {
    readonly issued: IssuedToken
    readonly request: TokenRequest
    readonly granted: readonly string[]
  },
): Promise<void> {
  const { issued, request, granted } = answer
  const body = {
    access_token: issued.token,
    token: issued.token,
    expires_in: issued.expiresInSeconds,
    ...(request.isPost ? { scope: granted.join(' ') } : {}),
  }
  await sendReply(req, res, {
    status: 200,
    body: JSON.stringify(body),
    type: 'application/json',
    headers: { 'cache-control': 'no-store' },
  })
}

async function refuse(
  ports: TokenPorts,
  turn: { readonly req: IncomingMessage; readonly res: ServerResponse; readonly draft: Draft },
  error: unknown,
): Promise<void> {
  const { req, res, draft } = turn
  const answer = asOciError(error)
  logFailure(ports.log, draft.peer, { answer, error })
  draft.outcome = outcomeOf(answer, req)
  draft.status = answer.status
  draft.reason = answer instanceof TokenRefused ? answer.auditReason : answer.message
  await ports
    .audit(draft)
    .catch(cause =>
      ports.log.error('the audit line of a refused login is lost', { id: draft.peer.id, error: cause }),
    )
  await sendTokenFailure(req, res, { error: answer, issuer: ports.issuer })
}

function outcomeOf(answer: OciError, req: IncomingMessage): AuditOutcome {
  if (req.destroyed && !req.complete) return 'aborted'
  return answer.status === 401 ? 'denied' : outcomeOfFailure(answer)
}
