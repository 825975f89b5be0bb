/** Life of a certificate and, when its authority tells one, its renewal window; ms since the epoch. */
export interface RenewalFacts {
  readonly notBefore: number
  readonly notAfter: number
  readonly obtainedAt: number
  readonly window?: { readonly start: number; readonly end: number } | undefined
  /** 0 to 1: where in the window, so that many certificates do not come at once. */
  readonly spread: number
}

const DAY_MS = 86_400_000
const SHORT_LIFE_MS = 10 * DAY_MS
/** Share of the life that must remain. Let's Encrypt advises a half for short lives. */
const REMAINING = 1 / 3
const REMAINING_SHORT = 1 / 2
/** Without a window of the authority the renewal is spread over this share of the life. */
const SPREAD = 1 / 50
/** A window does not put the renewal off until less than this part of the usual remaining time is left. */
const LATEST = 3 / 4
/** A window makes no certificate due that is younger than this share of its life, or a day if that is less. */
const YOUNG = 1 / 10

/**
 * When to renew. A window in the past means now, since the certificate may be about to be revoked; but a new
 * certificate is left alone for a while, or a wrong window would have us order without end. Spec: RFC 9773 §4.2.
 */
export function renewalTime({ notBefore, notAfter, obtainedAt, window, spread }: RenewalFacts): number {
  const life = notAfter - notBefore
  const remaining = life < SHORT_LIFE_MS ? REMAINING_SHORT : REMAINING
  const latest = notAfter - life * remaining
  // What is true of every moment of a certificate's life says nothing.
  const isSilent = window === undefined || (window.start <= notBefore && window.end >= notAfter)
  if (isSilent) return latest - life * SPREAD * spread
  const selected = window.start + (window.end - window.start) * spread
  const young = Math.min(notBefore + life * YOUNG, obtainedAt + DAY_MS)
  return Math.min(Math.max(selected, young), notAfter - life * remaining * LATEST)
}

/** Remaining time from which the owner is warned: 14 days, or half of what remains at the renewal of a shorter one. */
export function warningTime({ notBefore, notAfter }: Pick<RenewalFacts, 'notBefore' | 'notAfter'>): number {
  const life = notAfter - notBefore
  const atRenewal = life * (life < SHORT_LIFE_MS ? REMAINING_SHORT : REMAINING)
  return notAfter - Math.min(14 * DAY_MS, atRenewal / 2)
}
