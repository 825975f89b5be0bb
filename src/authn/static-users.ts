import type { AuthnResult, Credentials } from '../model/credentials.ts'
import type { Authenticate, Clock } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import type { Labels, Subject } from '../model/subject.ts'
import { bcryptCost, normalizeBcryptHash } from './bcrypt-hash.ts'
import type { PasswordWorkers } from './password-workers.ts'
import { createVerifiedCredentials } from './verified-credentials.ts'

/**
 * A user of the configuration file. `password` is a bcrypt hash; without one any password is right,
 * with one that is no bcrypt hash (`''`) none is. The user `''` stands for anonymous access.
 */
export interface StaticUser {
  readonly password?: Secret
  readonly labels: Labels
}

export interface StaticUsers {
  /** `unknown` for a name that the file does not have. */
  readonly authenticate: Authenticate
  /** The subject of a name as the file has it now, without a password; for the holder of a token. */
  lookup(name: string): Subject | undefined
}

interface Account {
  readonly subject: Subject
  readonly password: { readonly kind: 'any' | 'none' } | { readonly kind: 'hash'; readonly hash: Secret }
}

/**
 * The users of one loaded configuration, with docker_auth's meaning. The logins that were right are
 * remembered by this object alone, so a reload, which makes a new one, forgets them.
 */
export function createStaticUsers(options: {
  readonly users: ReadonlyMap<string, StaticUser>
  readonly workers: Pick<PasswordWorkers, 'verify'>
  readonly clock: Clock
  /** How many right logins are remembered, and for how long. */
  readonly cache?: { readonly max?: number; readonly ttlMs?: number }
}): StaticUsers {
  const { workers, clock } = options
  const accounts = new Map(Array.from(options.users, ([name, user]) => [name, account(name, user)]))
  const decoy = decoyHash([...options.users.values()])
  const verified = createVerifiedCredentials({ clock, ...options.cache })

  function matches({ name, password }: Credentials, hash: Secret): Promise<boolean> {
    return verified.verify({ name, password, hash }, () => workers.verify(hash, password))
  }

  // The time of an answer must not tell which names exist.
  async function decline(credentials: Credentials, result: AuthnResult): Promise<AuthnResult> {
    if (decoy !== undefined) await matches(credentials, decoy)
    return result
  }

  async function authenticate(credentials: Credentials): Promise<AuthnResult> {
    const found = accounts.get(credentials.name)
    if (found === undefined) {
      // The absence of anonymous access is no secret, and its requests are too many to pay for.
      return credentials.name === '' ? UNKNOWN : decline(credentials, UNKNOWN)
    }
    const { subject, password } = found
    switch (password.kind) {
      case 'any':
        return { outcome: 'authenticated', subject }
      case 'none':
        return decline(credentials, REJECTED)
      case 'hash':
        return (await matches(credentials, password.hash)) ? { outcome: 'authenticated', subject } : REJECTED
    }
  }

  return { authenticate, lookup: name => accounts.get(name)?.subject }
}

const UNKNOWN: AuthnResult = { outcome: 'unknown' }
const REJECTED: AuthnResult = { outcome: 'rejected', reason: 'the password is wrong' }

function account(name: string, { password, labels }: StaticUser): Account {
  const subject: Subject = { name, via: name === '' ? 'anonymous' : 'static', labels }
  if (password === undefined) return { subject, password: { kind: 'any' } }
  const hash = normalizeBcryptHash(password.reveal())
  return {
    subject,
    password: hash === undefined ? { kind: 'none' } : { kind: 'hash', hash: new Secret(hash) },
  }
}

/** A hash that no password has, of the cost that most users' hashes have; `undefined` without any. */
function decoyHash(users: readonly StaticUser[]): Secret | undefined {
  const counts = new Map<number, number>()
  for (const { password } of users) {
    const cost = password === undefined ? undefined : bcryptCost(password.reveal())
    if (cost !== undefined) counts.set(cost, (counts.get(cost) ?? 0) + 1)
  }
  const [commonest] = [...counts].sort(([costA, a], [costB, b]) => b - a || costB - costA)
  if (commonest === undefined) return undefined
  return new Secret(`$2b$${String(commonest[0]).padStart(2, '0')}$${'.'.repeat(53)}`)
}
