import { z } from 'zod'
import { AcmeFailed } from '../model/errors.ts'

const url = z.string().startsWith('https://').max(4096)
const rfc3339 = z.iso.datetime({ offset: true })
const identifier = z.object({ type: z.string(), value: z.string() })

/** RFC 8555 §7.1.1, RFC 9773 §4.1. */
export const DirectorySchema = z.object({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  revokeCert: url,
  renewalInfo: url.optional().catch(undefined),
  meta: z
    .object({
      externalAccountRequired: z.boolean().optional().catch(undefined),
      profiles: z.record(z.string(), z.unknown()).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
})
export type Directory = z.output<typeof DirectorySchema>

/** RFC 8555 §7.1.2; what else it holds does not concern us. */
export const AccountSchema = z.object({
  status: z.string(),
  contact: z.array(z.string()).nullish(),
})

/** RFC 8555 §7.1.3. */
export const OrderSchema = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  expires: z.string().optional(),
  identifiers: z.array(identifier).min(1).max(1000),
  authorizations: z.array(url).max(1000),
  finalize: url,
  certificate: url.optional(),
  error: z.unknown().optional(),
})
export type Order = z.output<typeof OrderSchema>

/** RFC 8555 §7.1.5, §8. A token becomes part of paths and names, so its alphabet matters. */
const ChallengeSchema = z.object({
  type: z.string(),
  url,
  status: z.enum(['pending', 'processing', 'valid', 'invalid']),
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,256}$/)
    .optional()
    .catch(undefined),
  error: z.unknown().optional(),
  validationRecord: z
    .array(z.object({ addressUsed: z.string().optional().catch(undefined) }))
    .optional()
    .catch(undefined),
})
export type OfferedChallenge = z.output<typeof ChallengeSchema>

/** RFC 8555 §7.1.4. */
export const AuthorizationSchema = z.object({
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier,
  // Types that we do not know may look otherwise.
  challenges: z
    .array(z.unknown())
    .max(100)
    .transform(all => all.flatMap(one => ChallengeSchema.safeParse(one).data ?? [])),
})
export type Authorization = z.output<typeof AuthorizationSchema>

/** RFC 9773 §4.2. */
export const RenewalInfoSchema = z.object({
  suggestedWindow: z.object({ start: rfc3339, end: rfc3339 }),
  explanationURL: z.string().startsWith('https://').max(2048).optional().catch(undefined),
})

/** A document of the authority `id`. @throws AcmeFailed of kind `server` when it is not what `schema` says. */
export function parseResource<S extends z.ZodType>(schema: S, document: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(document)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const place = issue?.path.join('.') || 'as a whole'
  throw new AcmeFailed(
    'server',
    `${what} is not as ACME wants it: ${place}: ${issue?.message ?? 'malformed'}`,
  )
}
