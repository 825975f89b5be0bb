import { parseAuthorization } from '../authn/authorization.ts'
import type { AuthenticatorChain } from '../authn/chain.ts'
import type { Identification } from '../http/identification.ts'
import type { ClientCertificate } from '../model/client-certificate.ts'
import type { Credentials } from '../model/credentials.ts'
import type { VerifyToken } from '../token/verify.ts'

/**
 * Reads an Authorization header under `/v2`: a token of ours, whose subject is looked up anew so that a removed user
 * is out at once, or a user name and password for scripts. Empty Basic credentials are none at all, as old dockers
 * send them. Without any, the client certificate of the connection speaks.
 */
export function createIdentify(options: {
  readonly verify: VerifyToken
  readonly authority: AuthenticatorChain
}): (header: string | undefined, certificate: ClientCertificate | undefined) => Promise<Identification> {
  return async (header, certificate) => {
    const authorization = parseAuthorization(header)
    switch (authorization.scheme) {
      case 'none':
        return identifyByCertificate(certificate)
      case 'malformed':
        return {
          outcome: 'invalid',
          reason: `the Authorization header is malformed: ${authorization.reason}`,
        }
      case 'basic':
        return authorization.credentials.name === ''
          ? identifyByCertificate(certificate)
          : await identifyByPassword(options.authority, authorization.credentials)
      case 'bearer':
        return await identifyByToken(options, authorization.token)
    }
  }
}

function identifyByCertificate(certificate: ClientCertificate | undefined): Identification {
  if (certificate === undefined) return { outcome: 'none' }
  if (certificate.outcome === 'refused') return { outcome: 'invalid', reason: certificate.reason }
  const { subject } = certificate
  return { outcome: 'identified', identity: { subject, via: subject.via }, expired: false }
}

async function identifyByPassword(
  authority: AuthenticatorChain,
  credentials: Credentials,
): Promise<Identification> {
  const result = await authority.authenticate(credentials)
  if (result.outcome === 'authenticated') {
    const { subject } = result
    return { outcome: 'identified', identity: { subject, via: subject.via }, expired: false }
  }
  return { outcome: 'invalid', reason: 'wrong user name or password', account: credentials.name }
}

async function identifyByToken(
  options: { readonly verify: VerifyToken; readonly authority: AuthenticatorChain },
  token: string,
): Promise<Identification> {
  const verified = await options.verify(token)
  if (verified.outcome === 'invalid')
    return { outcome: 'invalid', reason: `the token is refused: ${verified.reason}` }
  const subject = options.authority.lookup(verified.subjectName, verified.external)
  if (subject === undefined)
    return { outcome: 'invalid', reason: 'the account of this token no longer exists' }
  return {
    outcome: 'identified',
    identity: { subject, via: 'token', tokenId: verified.id },
    access: verified.access,
    expired: verified.outcome === 'expired',
  }
}
