import {
  type CertificateAuthority,
  REVOCATION_REASONS,
  type RevocationReason,
} from '../model/certificate-authority.ts'
import type { CertificateEvent } from '../model/certificate-event.ts'
import { messageOf } from '../model/message-of.ts'
import type { Clock } from '../model/ports.ts'
import type { CertificateStatus } from '../tls/certificate-source.ts'
import type { CertificateStore } from '../tls/certificate-store.ts'
import type { ManagedCertificate } from '../tls/managed-certificate.ts'

/** How something that was asked for ended, in words for the person who asked. */
export interface ControlResult {
  readonly ok: boolean
  readonly text: string
}

/** What a person can ask of the certificates of a running process. */
export interface CertificateControl {
  status(): readonly CertificateStatus[]
  /** New certificates for one name, or for all. Never rejects. */
  renew(name: string | undefined): Promise<ControlResult>
  /** Revokes the certificate of a name and gets another one. Never rejects. */
  revoke(name: string, reason: string): Promise<ControlResult>
}

/** What the control works on; absent without certificates by ACME. */
export interface ControlledCertificates {
  readonly managed: readonly ManagedCertificate[]
  readonly authorities: readonly CertificateAuthority[]
  readonly store: CertificateStore
  readonly clock: Clock
  readonly onEvent: (event: CertificateEvent) => void
  readonly signal: AbortSignal
}

export function createCertificateControl(
  status: () => readonly CertificateStatus[],
  controlled: ControlledCertificates | undefined,
): CertificateControl {
  if (controlled === undefined) {
    const refusal = { ok: false, text: 'error: no certificate here comes by ACME (see tls.mode)\n' }
    return { status, renew: async () => refusal, revoke: async () => refusal }
  }
  return {
    status,
    async renew(name) {
      const chosen = controlled.managed.filter(one => name === undefined || one.name === name.toLowerCase())
      if (chosen.length === 0) return unknownName(controlled, name)
      const results: ControlResult[] = []
      for (const one of chosen) results.push(await renewOne(one, controlled.signal))
      return { ok: results.every(({ ok }) => ok), text: results.map(({ text }) => text).join('') }
    },
    async revoke(name, reason) {
      const one = controlled.managed.find(managed => managed.name === name.toLowerCase())
      if (one === undefined) return unknownName(controlled, name)
      if (!isReason(reason)) {
        return failed(`the reason must be ${Object.keys(REVOCATION_REASONS).join(', ')}`)
      }
      return await revokeOne(one, reason, controlled)
    },
  }
}

async function renewOne(one: ManagedCertificate, signal: AbortSignal): Promise<ControlResult> {
  try {
    await one.renew(signal)
  } catch (error) {
    return failed(`${one.name}: ${messageOf(error)}`)
  }
  const current = one.current()
  const until = current === undefined ? '' : ` until ${new Date(current.pair.notAfter).toISOString()}`
  return { ok: true, text: `${one.name}: new certificate of ${current?.authority}, valid${until}\n` }
}

async function revokeOne(
  one: ManagedCertificate,
  reason: RevocationReason,
  { authorities, store, clock, onEvent, signal }: ControlledCertificates,
): Promise<ControlResult> {
  const current = one.current()
  if (current === undefined) return failed(`${one.name} has no certificate`)
  const authority = authorities.find(({ id }) => id === current.authority)
  if (authority === undefined) {
    return failed(`${one.name}: its authority ${current.authority} is not in tls.acme, so it cannot be asked`)
  }
  try {
    await authority.revoke(current.pair.certificate, reason, signal)
    await store.markRevoked(one.name, current.generation, clock())
  } catch (error) {
    return failed(`${one.name}: ${messageOf(error)}`)
  }
  const serial = current.pair.leaf.serialNumber
  onEvent({ kind: 'revoked', name: one.name, authority: authority.id, serial, reason })
  const renewed = await renewOne(one, signal)
  return { ok: renewed.ok, text: `${one.name}: ${serial} was revoked\n${renewed.text}` }
}

function unknownName({ managed }: ControlledCertificates, name: string | undefined): ControlResult {
  const names = managed.map(one => one.name).join(', ')
  return failed(`${name ?? ''} is not one of ${names}`)
}

function failed(text: string): ControlResult {
  return { ok: false, text: `error: ${text}\n` }
}

function isReason(text: string): text is RevocationReason {
  return Object.hasOwn(REVOCATION_REASONS, text)
}
