import type { Authenticate } from '../model/ports.ts'
import type { ExternalIdentity, ExternalVia, Subject } from '../model/subject.ts'
import type { StaticUsers } from './static-users.ts'

/** A backend that knows subjects whom the configuration does not name. */
export interface ExternalAuthenticator {
  readonly via: ExternalVia
  readonly authenticate: Authenticate
}

/** All authenticators of one configuration. */
export interface AuthenticatorChain {
  /** The answer of the first that knows the name; one that cannot tell ends the search. */
  readonly authenticate: Authenticate
  /**
   * The subject of a token as it stands now; `undefined` when its backend is gone or its name is another's.
   * `external` is what the token says of a subject whom no file knows.
   */
  lookup(name: string, external: ExternalIdentity | undefined): Subject | undefined
}

/** docker_auth's fixed order: the configuration's users first, then the others as given. */
export function createAuthenticatorChain(options: {
  readonly users: StaticUsers
  readonly others: readonly ExternalAuthenticator[]
  /** Client certificates are accepted; they name whom they like, whatever the others know. */
  readonly acceptsCertificates: boolean
}): AuthenticatorChain {
  const { users, others, acceptsCertificates } = options
  const all = [users, ...others]
  return {
    async authenticate(credentials) {
      for (const { authenticate } of all) {
        const result = await authenticate(credentials)
        if (result.outcome !== 'unknown') return result
      }
      return { outcome: 'unknown' }
    },
    lookup(name, external) {
      const user = users.lookup(name)
      if (external === undefined) return user
      const isCurrent =
        external.via === 'certificate'
          ? acceptsCertificates
          : user === undefined && others.some(({ via }) => via === external.via)
      return isCurrent ? { name, ...external, isExternal: true } : undefined
    },
  }
}
