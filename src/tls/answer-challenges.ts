import { isIP } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import { LRUCache } from 'lru-cache'
import type { AnswerChallenge, Challenge } from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { Clock } from '../model/ports.ts'
import { challengeCertificate } from './challenge-certificate.ts'
import type { ChallengeStore, PublishedChallenge } from './challenge-store.ts'
import { serverNameOfAddress } from './server-name-of-address.ts'

/** Where authorities look for answers to challenges. Every process that shares the store gives them. */
export interface ChallengeAnswers {
  readonly answer: AnswerChallenge
  /** Key authorization of a token of http-01; takes any text. */
  answerTo(token: string): Promise<string | undefined>
  /** The certificate that proves a server name by tls-alpn-01, while that is asked for. */
  contextFor(serverName: string): SecureContext | undefined
}

export interface ChallengeAnswersOptions {
  readonly challenges: ChallengeStore
  /** For dns-01; without it there is no such challenge. */
  readonly dns?: AnswerChallenge | undefined
  readonly clock: Clock
}

const CONTEXTS_MAX = 100

export function createChallengeAnswers({
  challenges,
  dns,
  clock,
}: ChallengeAnswersOptions): ChallengeAnswers {
  // A context costs two milliseconds, and an authority asks from several places.
  const contexts = new LRUCache<string, SecureContext>({ max: CONTEXTS_MAX })
  return {
    async answer(challenge, signal) {
      if (challenge.type !== 'dns-01') return await publish(challenges, challenge, clock())
      if (dns !== undefined) return await dns(challenge, signal)
      throw new AcmeFailed('validation', 'dns-01 needs tls.acme.dns, which says how to set a TXT record')
    },
    answerTo: async token => (await challenges.get('http-01', token))?.keyAuthorization,
    contextFor(serverName) {
      const published = challenges.getSync('tls-alpn-01', serverName)
      if (published?.shown === undefined) return undefined
      const known = contexts.get(published.token)
      if (known !== undefined) return known
      const { certificate, key } = published.shown
      // Without `ca` a client who comes under this name could identify itself by a certificate of any public CA.
      const context = createSecureContext({ cert: certificate, key: key.reveal(), ca: [] })
      contexts.set(published.token, context)
      return context
    },
  }
}

async function publish(
  challenges: ChallengeStore,
  challenge: Challenge,
  now: number,
): Promise<() => Promise<void>> {
  const published: PublishedChallenge =
    challenge.type === 'tls-alpn-01' ? await withCertificate(challenge, now) : challenge
  try {
    await challenges.put(published)
  } catch (cause) {
    const message = `the answer to the challenge of ${challenge.name} cannot be stored: ${messageOf(cause)}`
    throw new AcmeFailed('validation', message, { cause })
  }
  return () => challenges.remove(published)
}

/** Made by the one that asks, since a handshake cannot wait for it. */
async function withCertificate(challenge: Challenge, now: number): Promise<PublishedChallenge> {
  const { name } = challenge
  const shown = await challengeCertificate(challenge, now)
  return { ...challenge, name: isIP(name) === 0 ? name : serverNameOfAddress(name), shown }
}
