import { z } from 'zod'
import { CHALLENGE_TYPES } from '../model/certificate-authority.ts'

const ms = z.number()

/**
 * What is known of one certificate beside the certificate itself; kept across restarts, so that they neither repeat
 * orders nor forget to wait. Times in ms since the epoch.
 */
const CertificateStateSchema = z.object({
  /** The challenge that worked last is tried first. */
  challenge: z.enum(CHALLENGE_TYPES).optional(),
  /** An order that was begun, with the key that it is for. */
  pending: z.object({ authority: z.string(), url: z.string(), key: z.string(), since: ms }).optional(),
  /** Renewal time of one generation, and when to ask the authority again. */
  renewal: z
    .object({
      generation: z.int(),
      /** 0 to 1, drawn once: where in its window this certificate is renewed. */
      spread: z.number().min(0).max(1),
      window: z.object({ start: ms, end: ms, explanationUrl: z.string().optional() }).optional(),
      askAt: ms,
    })
    .optional(),
  /** Failures since the last success; `nextAt` is when to try again. They are forgotten when `setup` changes. */
  failures: z
    .object({
      /** Of the same kind in a row. */
      count: z.int(),
      /** Failed validations among all of them: authorities count those. */
      validations: z.int().default(0),
      failure: z.string(),
      message: z.string(),
      at: ms,
      nextAt: ms,
      setup: z.string(),
    })
    .optional(),
  /** Authorities that asked us to wait, by id. */
  waitUntil: z.record(z.string(), ms).default({}),
  /** The generation whose `replaces` was not accepted. */
  notReplacing: z.int().optional(),
  /** Since when the names cannot be reached from outside. */
  unreachableSince: ms.optional(),
  /** Orders that ended in a certificate, newest last, at most ten. */
  obtained: z.array(ms).default([]),
})

export type CertificateState = z.output<typeof CertificateStateSchema>

export const NEW_STATE: CertificateState = { waitUntil: {}, obtained: [] }

/** The state as stored; what cannot be read counts as new. */
export function parseCertificateState(stored: unknown): CertificateState {
  const parsed = CertificateStateSchema.safeParse(stored ?? {})
  return parsed.success ? parsed.data : NEW_STATE
}
