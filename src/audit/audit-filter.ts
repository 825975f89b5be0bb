import type { AuditAction, AuditEvent } from '../model/audit-event.ts'

/**
 * How much is written. `blobs` leaves out what belongs to no operation of a user: pings, bare challenges, checks of
 * blobs, steps of an upload. `manifests` also leaves out blobs pulled and pushed, `requests` leaves out nothing.
 */
export type AuditLevel = 'manifests' | 'blobs' | 'requests'

/** `omit` drops successful operations by their action. */
export interface AuditSelection {
  readonly level: AuditLevel
  readonly omit: readonly AuditAction[]
}

/** At level `manifests` the manifest's line stands for these. */
const BYTES_ONLY: ReadonlySet<AuditAction> = new Set<AuditAction>(['pull', 'push', 'check'])

/** Tells which events become lines. What was denied, failed or aborted always does, except what is routine. */
export function createAuditFilter({ level, omit }: AuditSelection): (event: AuditEvent) => boolean {
  const omitted = new Set(omit)
  return event => {
    if (level !== 'requests' && isRoutine(event)) return false
    if (event.outcome !== 'success') return true
    if (level === 'manifests' && event.kind === 'blob' && BYTES_ONLY.has(event.action)) return false
    return !omitted.has(event.action)
  }
}

function isRoutine(event: AuditEvent): boolean {
  if (isBareChallenge(event)) return true
  if (event.action === 'check' && event.kind === 'blob')
    return event.outcome === 'success' || event.status === 404
  const isStep = event.kind === 'session' && event.action !== 'login'
  return isStep && event.outcome === 'success'
}

/**
 * The 401 that tells a client where to log in or to get a wider token: no rule was asked, or the rule allows it.
 * Clients meet it on their way to every push (skopeo asks for each scope when it is first told of it).
 */
function isBareChallenge({ action, outcome, status, rule }: AuditEvent): boolean {
  return action !== 'login' && outcome === 'denied' && status === 401 && rule === undefined
}
