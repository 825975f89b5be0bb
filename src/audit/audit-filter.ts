import type { AuditAction, AuditEvent } from '../model/audit-event.ts'

/**
 * How much is written. `blobs` leaves out what belongs to no operation of a user: pings, bare challenges, checks of
 * blobs, steps of an upload. `manifests` also leaves out successful operations on blobs, `requests` leaves out nothing.
 */
export type AuditLevel = 'manifests' | 'blobs' | 'requests'

/** `omit` drops successful operations by their action. */
export interface AuditSelection {
  readonly level: AuditLevel
  readonly omit: readonly AuditAction[]
}

/** Tells which events become lines. What was denied, failed or aborted always does, except what is routine. */
export function createAuditFilter({ level, omit }: AuditSelection): (event: AuditEvent) => boolean {
  const omitted = new Set(omit)
  return event => {
    if (level !== 'requests' && isRoutine(event)) return false
    if (event.outcome !== 'success') return true
    if (level === 'manifests' && event.kind === 'blob') return false
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

/** The 401 that tells a client where to log in: it came without any proof and no rule was asked. */
function isBareChallenge({ action, outcome, status, actor, rule }: AuditEvent): boolean {
  const isUnproven = actor.kind === 'anonymous' && actor.via === undefined
  return action !== 'login' && outcome === 'denied' && status === 401 && isUnproven && rule === undefined
}
