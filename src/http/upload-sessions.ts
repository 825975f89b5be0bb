import { LRUCache } from 'lru-cache'
import { atMost } from '../model/at-most.ts'

const MAX_SESSIONS = 50_000
const SESSION_TTL_MS = 24 * 3_600_000

/** One upload from its start to its commit. */
export interface UploadSession {
  readonly repository: string
  readonly subjectName: string
  /** Monotonic, ms. */
  readonly startedMs: number
  /** Body bytes of all its requests so far. */
  readonly bytes: number
}

/**
 * Who began which upload, and how much came: lets an upload end after the token that began it has expired. Asynchronous,
 * since the requests of one upload may reach several threads.
 */
export interface UploadSessions {
  begin(id: string, session: Omit<UploadSession, 'bytes'>): Promise<void>
  find(id: string): Promise<UploadSession | undefined>
  /** Adds what came; resolves to the session with it. */
  received(id: string, bytes: number): Promise<UploadSession | undefined>
  end(id: string): Promise<void>
}

/** Sessions in memory, the least recent of 50,000 dropped; after a restart clients need a fresh token. */
export function createUploadSessions(): UploadSessions {
  const sessions = new LRUCache<string, UploadSession>({ ...atMost(MAX_SESSIONS), ttl: SESSION_TTL_MS })
  return {
    begin: async (id, session) => {
      sessions.set(id, { ...session, bytes: 0 })
    },
    find: async id => sessions.get(id),
    received: async (id, bytes) => {
      const session = sessions.get(id)
      if (session === undefined) return undefined
      const next = { ...session, bytes: session.bytes + bytes }
      sessions.set(id, next)
      return next
    },
    end: async id => {
      sessions.delete(id)
    },
  }
}

/** The session id in an upload's `Location`, the last part of its path; `undefined` for any other URL. */
export function sessionOfLocation(location: string): string | undefined {
  const path = location.split('?', 1)[0] ?? ''
  return /\/blobs\/uploads\/([^/]+)$/.exec(path)?.[1]
}
