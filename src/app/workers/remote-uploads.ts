import type { UploadSession, UploadSessions } from '../../http/upload-sessions.ts'
import type { Owner } from './owner.ts'
import { sharedTimeOffset } from './shared-time.ts'

/** The upload sessions that the owner keeps, with the times of this thread. */
export function createRemoteUploads(owner: Owner): UploadSessions {
  const offset = sharedTimeOffset()
  const here = (session: UploadSession | undefined) =>
    session && { ...session, startedMs: session.startedMs - offset }
  return {
    begin: (id, { startedMs, ...session }) =>
      owner.ask('beginUpload', { id, session: { ...session, startedMs: startedMs + offset } }),
    find: async id => here(await owner.ask('findUpload', id)),
    received: async (id, bytes) => here(await owner.ask('receivedUpload', { id, bytes })),
    end: id => owner.ask('endUpload', id),
  }
}
