import type { CertificateState } from './certificate-state.ts'

/** How far the clocks of processes that share a store may be apart, ms. */
const CLOCKS_APART_MS = 10 * 60_000
/** However long an authority asks us to wait, it is asked once a week. */
export const LONGEST_WAIT_MS = 7 * 86_400_000
/** Renewal windows are asked for at least once a day. */
const LONGEST_ASK_MS = 86_400_000

/**
 * The state without what no longer holds: failures of another configuration, and times that were set while the clock
 * was ahead, which would keep us waiting for years.
 */
export function believableState(
  state: CertificateState,
  { setup, now }: { readonly setup: string; readonly now: number },
): CertificateState {
  const { failures, waitUntil, renewal } = state
  const isFailureKept = failures?.setup === setup && failures.at <= now + CLOCKS_APART_MS
  const waits = Object.entries(waitUntil).filter(
    ([, until]) => until <= now + LONGEST_WAIT_MS + CLOCKS_APART_MS,
  )
  const isAskAtWrong = (renewal?.askAt ?? 0) > now + LONGEST_ASK_MS + CLOCKS_APART_MS
  return {
    ...state,
    failures: isFailureKept ? failures : undefined,
    waitUntil: Object.fromEntries(waits),
    renewal: renewal !== undefined && isAskAtWrong ? { ...renewal, askAt: now } : renewal,
  }
}
