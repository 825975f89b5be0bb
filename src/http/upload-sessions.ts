import { LRUCache } from 'lru-cache'

const MAX_SESSIONS = 50_000
const SESSION_TTL_MS = 24 * 3_600_000

/** Who began which upload: lets an upload end after the token that began it has expired. */
export interface UploadSessions {
  begin(session: string, repository: string, subjectName: string): void
  /** True when this subject began this session in this repository. */
  isOwnedBy(session: string, repository: string, subjectName: string): boolean
  end(session: string): void
}

/** Sessions in memory, the least recent of 50,000 dropped; after a restart clients need a fresh token. */
export function createUploadSessions(): UploadSessions {
  const owners = new LRUCache<string, { readonly repository: string; readonly subjectName: string }>({
    max: MAX_SESSIONS,
    ttl: SESSION_TTL_MS,
  })
  return {
    begin: (session, repository, subjectName) => {
      owners.set(session, { repository, subjectName })
    },
    isOwnedBy: (session, repository, subjectName) => {
      const owner = owners.get(session)
      return owner?.repository === repository && owner.subjectName === subjectName
    },
    end: session => {
      owners.delete(session)
    },
  }
}

/** The session id in an upload's `Location`, the last part of its path; `undefined` for any other URL. */
export function sessionOfLocation(location: string): string | undefined {
  const path = location.split('?', 1)[0] ?? ''
  return /\/blobs\/uploads\/([^/]+)$/.exec(path)?.[1]
}
