import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { directoryUrl, isPublicAuthority } from '../acme/directories.ts'
import { createPreflight } from '../acme/preflight.ts'
import type { AcmeSettings } from '../config/resolve-tls.ts'
import type { AnswerChallenge } from '../model/certificate-authority.ts'
import { serverNameOfAddress } from '../tls/server-name-of-address.ts'

/** Domains in CAA records (RFC 8659) of the authorities that a word stands for. */
const ISSUER_DOMAINS: Readonly<Record<string, readonly string[]>> = {
  letsencrypt: ['letsencrypt.org'],
  zerossl: ['sectigo.com', 'zerossl.com'],
  google: ['pki.goog'],
}

/** Looks whether an authority will reach us; `undefined` when nobody wants to know. */
export function openPreflight(
  settings: AcmeSettings,
  answer: AnswerChallenge,
): ((name: string, signal: AbortSignal) => Promise<readonly string[]>) | undefined {
  const { authorities, dns } = settings
  const isPublic = authorities.some(
    ({ directory, staging }) => staging || isPublicAuthority(directoryUrl(directory)),
  )
  if (!(settings.preflight ?? isPublic)) return undefined
  const look = createPreflight({
    resolvers: dns?.resolvers,
    isPublicAuthority: isPublic,
    issuerDomains: issuerDomains(settings),
  })
  return async (name, signal) => {
    const challenges = name.startsWith('*.') ? [] : settings.challenges.filter(type => type !== 'dns-01')
    const token = randomBytes(16).toString('base64url')
    const expected = randomBytes(16).toString('hex')
    const serverName = isIP(name) === 0 ? {} : { serverName: serverNameOfAddress(name) }
    const remove: (() => Promise<void>)[] = []
    try {
      for (const type of challenges) {
        remove.push(await answer({ type, name, token, keyAuthorization: expected }, signal))
      }
      return await look({ name, challenges, probe: { token, expected, ...serverName } }, signal)
    } finally {
      for (const takeAway of remove) await takeAway()
    }
  }
}

/** None when one of the authorities is unknown: it may be the one that is allowed. */
function issuerDomains({ authorities }: AcmeSettings): readonly string[] | undefined {
  const known = authorities.map(({ directory }) => ISSUER_DOMAINS[directory])
  return known.every(domains => domains !== undefined) ? known.flat() : undefined
}
