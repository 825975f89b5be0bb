/** Exit codes of every verb; `can-i` says no with 1, as kubectl does. */
export const EXIT = { ok: 0, failed: 1, usage: 2, config: 3 } as const
