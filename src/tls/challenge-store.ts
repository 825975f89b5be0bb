import { readFileSync, statSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../files/atomic-file.ts'
import { CHALLENGE_TYPES, type Challenge, type ChallengeType } from '../model/certificate-authority.ts'
import type { Clock, Log } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import type { ChallengeCertificate } from './challenge-certificate.ts'
import { parseJsonFile } from './json-file.ts'
import { ensurePrivateDirectory } from './private-files.ts'
import { normaliseServerName } from './server-name.ts'
import { storageName } from './storage-name.ts'

/** A challenge with, for tls-alpn-01, the certificate that is shown; there `name` is the server name asked for. */
export interface PublishedChallenge extends Challenge {
  readonly shown?: ChallengeCertificate
}

/**
 * Challenges that wait for their validation, shared by the processes of one directory: the authority may ask any of
 * them. Looked up by host name for tls-alpn-01, else by token.
 */
export interface ChallengeStore {
  /** @throws RangeError when the token is no base64url text of at most 256 characters. */
  put(challenge: PublishedChallenge): Promise<void>
  /** Takes the challenge away, unless another one has taken its place. */
  remove(challenge: Challenge): Promise<void>
  get(type: ChallengeType, key: string): Promise<PublishedChallenge | undefined>
  /** `get` for callbacks that cannot wait; one call of stat(2) when there is none. */
  getSync(type: ChallengeType, key: string): PublishedChallenge | undefined
}

export interface ChallengeStoreOptions {
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
}

const TOKEN = /^[\w-]{1,256}$/
const MAX_NAME = 253
const LIFETIME_MS = 3_600_000

/** The challenges of a directory. Never rejects: what cannot be read or cleaned up is logged. */
export function createChallengeStore(options: ChallengeStoreOptions): ChallengeStore {
  const { directory, log } = options
  const fileOf = (type: ChallengeType, key: string) => join(directory, type, `${storageName(key)}.json`)

  function current(file: string, text: string): PublishedChallenge | undefined {
    const challenge = parseChallenge(file, text)
    return challenge.published + LIFETIME_MS < options.clock() ? undefined : challenge
  }
  async function get(type: ChallengeType, key: string): Promise<PublishedChallenge | undefined> {
    if (!isKey(type, key)) return undefined
    const file = fileOf(type, keyText(type, key))
    try {
      return current(file, await readFile(file, 'utf8'))
    } catch (error) {
      return reportUnlessMissing(log, file, error)
    }
  }

  return {
    get,
    getSync(type, key) {
      if (!isKey(type, key)) return undefined
      const file = fileOf(type, keyText(type, key))
      try {
        // An exception costs more than a look, and most callers ask for nothing that exists.
        if (statSync(file, { throwIfNoEntry: false }) === undefined) return undefined
        return current(file, readFileSync(file, 'utf8'))
      } catch (error) {
        return reportUnlessMissing(log, file, error)
      }
    },
    async put(challenge) {
      const { type, name, token, keyAuthorization, shown } = challenge
      if (!TOKEN.test(token)) throw new RangeError('the token of the challenge is not base64url')
      if (!isKey(type, keyOf(challenge))) throw new RangeError('the name of the challenge is too long')
      const certificate =
        shown === undefined ? {} : { certificate: shown.certificate, key: shown.key.reveal() }
      const published = { type, name, token, keyAuthorization, ...certificate, published: options.clock() }
      const text = JSON.stringify(published)
      await ensurePrivateDirectory(join(directory, type), log)
      await replaceFile({ path: fileOf(type, keyOf(challenge)), text: `${text}\n`, mode: 0o600 })
    },
    async remove(challenge) {
      const file = fileOf(challenge.type, keyOf(challenge))
      const stored = await get(challenge.type, keyOf(challenge))
      if (stored !== undefined && stored.token !== challenge.token) return
      await rm(file, { force: true }).catch((error: unknown) =>
        log.warn('answered challenge cannot be removed', { file, error }),
      )
    },
  }
}

/** Removes challenges that no authority can still ask for. */
export async function removeOldChallenges({ directory, clock, log }: ChallengeStoreOptions): Promise<void> {
  for (const type of CHALLENGE_TYPES) {
    const files = await readdir(join(directory, type)).catch(() => [])
    for (const file of files.map(name => join(directory, type, name))) {
      try {
        if ((await stat(file)).mtimeMs + LIFETIME_MS < clock()) await rm(file, { force: true })
      } catch (error) {
        reportUnlessMissing(log, file, error)
      }
    }
  }
}

function keyOf({ type, name, token }: Challenge): string {
  return keyText(type, type === 'tls-alpn-01' ? name : token)
}

function keyText(type: ChallengeType, key: string): string {
  return type === 'tls-alpn-01' ? normaliseServerName(key) : key
}

/** Whether the key can be one of a challenge: clients choose it, and it becomes the name of a file. */
function isKey(type: ChallengeType, key: string): boolean {
  return type === 'tls-alpn-01' ? key.length > 0 && key.length <= MAX_NAME : TOKEN.test(key)
}

function parseChallenge(file: string, text: string): PublishedChallenge & { readonly published: number } {
  const { type, name, token, keyAuthorization, certificate, key, published } = parseJsonFile(file, text)
  if (
    !CHALLENGE_TYPES.some(known => known === type) ||
    typeof name !== 'string' ||
    typeof token !== 'string' ||
    typeof keyAuthorization !== 'string' ||
    typeof published !== 'number'
  ) {
    throw new RangeError(`${file}: is not a challenge`)
  }
  const isShown = typeof certificate === 'string' && typeof key === 'string'
  const shown = isShown ? { shown: { certificate, key: new Secret(key) } } : {}
  return { type: type as ChallengeType, name, token, keyAuthorization, published, ...shown }
}

function reportUnlessMissing(log: Log, file: string, error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
  log.warn('challenge cannot be used', { file, error })
}
