import type { AuditOutcome } from '../model/audit-event.ts'
import type { OciError } from '../model/errors.ts'
import type { AnswerHead, Peer, RegistryExchange, Transfer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { asOciError, logFailure, outcomeOfFailure } from './failure.ts'
import type { Identification } from './identification.ts'
import { Refusal } from './refusal.ts'
import type { RegistryPorts } from './registry-ports.ts'
import { sessionOfLocation, type UploadSession, type UploadSessions } from './upload-sessions.ts'

type Facts = Partial<Omit<RegistryExchange, 'peer' | 'outcome' | 'status'>>

/** Gathers what one request shows on its way and hands it to the audit log exactly once. */
export interface Recorder {
  note(facts: Facts): void
  noteIdentification(found: Identification): void
  /** Before the answer's head goes out: the line of a mutation is written here. @throws AuditUnwritable */
  answering(head: AnswerHead): Promise<void>
  /** Before the end of an answer goes out, and after it: the line of everything else. Never throws. */
  transferred(transfer: Transfer): Promise<void>
  /** The line of a request that ended in an error; returns the answer for the client. Never throws. */
  failed(error: unknown): Promise<OciError>
  bytes(): { readonly bytesIn: number; readonly bytesOut: number }
}

export function createRecorder(ports: RegistryPorts, peer: Peer): Recorder {
  const facts: { -readonly [K in keyof Facts]: Facts[K] } = {}
  let written = false
  let startedMs = peer.startedMs

  const write = async (outcome: AuditOutcome, status: number): Promise<void> => {
    if (written) return
    written = true
    const whole = startedMs === peer.startedMs ? peer : { ...peer, startedMs }
    try {
      await ports.audit({ ...facts, peer: whole, outcome, status })
    } catch (error) {
      // The line of the answer that is given instead can still wait for better times.
      written = false
      throw error
    }
  }
  const note = (more: Facts) => {
    Object.assign(facts, more)
  }
  const transferred = async (transfer: Transfer): Promise<void> => {
    note({ transfer })
    await write(transfer.complete ? outcomeOf(transfer.status) : 'aborted', transfer.status).catch(error =>
      ports.log.error('the audit line of a finished transfer is lost', { id: peer.id, error }),
    )
  }
  return {
    note,
    noteIdentification: found => {
      if (found.outcome === 'identified') note({ identity: found.identity })
      if (found.outcome === 'invalid' && found.account !== undefined) note({ account: found.account })
    },
    answering: async head => {
      if (facts.request === undefined || isRead(facts.request)) return
      const upload = await followUpload(ports.uploads, { facts, peer, head })
      if (upload !== undefined) startedMs = upload.startedMs
      note({ transfer: transferOf(head, upload) })
      await write(outcomeOf(head.status), head.status)
    },
    transferred,
    failed: async error => {
      const answer = asOciError(error)
      logFailure(ports.log, peer, { answer, error })
      const decision = error instanceof Refusal ? error.decision : undefined
      note({
        reason: decision?.reason ?? answer.message,
        ...(decision === undefined ? {} : { rule: decision.rule }),
      })
      const outcome = error instanceof Refusal ? 'denied' : outcomeOfFailure(answer)
      await write(outcome, answer.status).catch(cause =>
        ports.log.error('the audit line of a refused request is lost', { id: peer.id, error: cause }),
      )
      return answer
    },
    bytes: () => ({ bytesIn: facts.transfer?.bytesIn ?? 0, bytesOut: facts.transfer?.bytesOut ?? 0 }),
  }
}

/** Reads are recorded when their bytes are counted, everything else before it is acknowledged. */
function isRead(request: RegistryRequest): boolean {
  if (request.kind === 'manifest') return request.verb === 'read' || request.verb === 'check'
  if (request.kind === 'blob') return request.verb !== 'delete'
  return request.kind !== 'upload'
}

function outcomeOf(status: number): AuditOutcome {
  if (status < 400) return 'success'
  if (status === 429) return 'limited'
  return status === 401 || status === 403 ? 'denied' : 'failed'
}

/** `upload` is the whole of it: without its beginning, after a restart, the blob's size is not known. */
function transferOf({ status, headers, bytesIn }: AnswerHead, upload?: { readonly bytes: number }): Transfer {
  const digest = headers['docker-content-digest']
  return {
    status,
    complete: true,
    bytesIn: upload?.bytes ?? bytesIn,
    bytesOut: 0,
    ...(upload === undefined ? {} : { size: upload.bytes }),
    ...(typeof digest === 'string' ? { digest } : {}),
  }
}

/**
 * Keeps track of an upload by the registry's own `Location`. For a commit returns the whole upload, since its line
 * stands for all the requests before it.
 */
async function followUpload(
  uploads: UploadSessions,
  { facts, peer, head }: { readonly facts: Facts; readonly peer: Peer; readonly head: AnswerHead },
): Promise<Pick<UploadSession, 'startedMs' | 'bytes'> | undefined> {
  const { request, identity } = facts
  if (request?.kind !== 'upload' || identity === undefined) return undefined
  if (request.verb === 'start') {
    const location = head.headers['location']
    const id = head.status === 202 && typeof location === 'string' ? sessionOfLocation(location) : undefined
    const { startedMs } = peer
    if (id !== undefined) {
      await uploads.begin(id, { repository: request.name, subjectName: identity.subject.name, startedMs })
    }
    return undefined
  }
  const upload = await uploads.received(request.session, head.bytesIn)
  const isOver = request.verb === 'cancel' || (request.verb === 'commit' && head.status === 201)
  if (isOver) await uploads.end(request.session)
  return request.verb === 'commit' ? upload : undefined
}
