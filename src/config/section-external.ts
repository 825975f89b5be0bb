import { z } from 'zod'
import { HeadersSchema } from './headers-schema.ts'
import { parseHttpUrl } from './parse-http-url.ts'
import { duration, parsedText } from './schema-kit.ts'

const MAX_CONCURRENCY = 256
/** Clients of the token realm give up earlier than that. */
const MAX_TIMEOUT_MS = 60_000

const positive = (ms: number) => ms > 0 && ms <= MAX_TIMEOUT_MS

function timeout(standard: string, meaning: string) {
  return duration()
    .refine(positive, 'must be more than 0 and at most 60s')
    .prefault(standard)
    .describe(meaning)
}

function cache(meaning: string) {
  return duration().optional().describe(meaning)
}

const NO_COMMAND = 'is missing; name a program'

const programFields = {
  command: z
    .string(NO_COMMAND)
    .min(1, NO_COMMAND)
    .describe('The program: a path, or a name on the `PATH`. No shell is used.'),
  args: z.array(z.string()).default([]).describe('Its arguments.'),
  timeout: timeout('10s', 'After this time the program and its children are killed.'),
  max_concurrency: z
    .int()
    .min(1, 'must be at least 1')
    .max(MAX_CONCURRENCY, `must be at most ${MAX_CONCURRENCY}`)
    .default(8)
    .describe('How many may run at the same time; others wait.'),
  env: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'))
    .default([])
    .describe('Environment variables that it sees beside `PATH`, `HOME`, `LANG`, `LC_ALL`, `TZ`, `TMPDIR`.'),
}

/** docker_auth's `ext_auth`, with bounds; unknown keys are ignored with a warning, as docker_auth ignores them. */
export const ExtAuthSchema = z
  .object({
    ...programFields,
    cache: cache('How long a right login is remembered. Default: not at all.'),
  })
  .transform(settingsOf)
  .describe(
    'A program that checks logins which `users` does not know: it reads `NAME PASSWORD` and exits with 0 (right; may print `{"labels": {"NAME": ["VALUE"]}}`), 1 (wrong) or 2 (unknown).',
  )

/** docker_auth's `ext_authz`, with bounds. */
export const ExtAuthzSchema = z
  .object({
    ...programFields,
    cache: cache('How long an answer is remembered. Default: not at all.'),
  })
  .transform(settingsOf)
  .describe(
    'A program that decides where no rule of `acl` does: it reads the question as JSON and exits with 0 (all of it) or 1 (nothing).',
  )

/** A decision over HTTP. */
export const HttpAuthzSchema = z
  .strictObject({
    url: parsedText(parseHttpUrl).describe(
      'Where the question is posted as `{"input": {…}}`: `http://HOST:PORT/PATH` or `https://…`.',
    ),
    timeout: timeout('5s', 'How long an answer may take.'),
    headers: HeadersSchema,
    ca_file: z
      .string()
      .min(1, 'must not be empty')
      .optional()
      .describe('PEM file with the only CA certificates that are trusted. Default: the usual ones.'),
    cache: cache('How long an answer is remembered. Default: not at all.'),
  })
  .transform(settingsOf)
  .describe(
    'A service that decides where no rule of `acl` does, as Open Policy Agent: it answers `{"result": true}` or `{"result": {"allow": true, "actions": ["pull"], "reason": "…"}}`.',
  )

const NO_FILE = 'is missing; name a file'

/** docker_auth's `casbin_authz`. */
export const CasbinAuthzSchema = z
  .object({
    model_path: z.string(NO_FILE).min(1, NO_FILE).describe('The Casbin model.'),
    policy_path: z.string(NO_FILE).min(1, NO_FILE).describe('Its policy as CSV.'),
  })
  .describe('A Casbin model that decides where no rule of `acl` does.')

interface External {
  readonly ext_auth?: z.output<typeof ExtAuthSchema> | undefined
  readonly ext_authz?: z.output<typeof ExtAuthzSchema> | undefined
  readonly http_authz?: z.output<typeof HttpAuthzSchema> | undefined
  readonly casbin_authz?: z.output<typeof CasbinAuthzSchema> | undefined
}

/** Those of the sections that the file has. */
export function givenExternal({ ext_auth, ext_authz, http_authz, casbin_authz }: External): External {
  return {
    ...(ext_auth === undefined ? {} : { ext_auth }),
    ...(ext_authz === undefined ? {} : { ext_authz }),
    ...(http_authz === undefined ? {} : { http_authz }),
    ...(casbin_authz === undefined ? {} : { casbin_authz }),
  }
}

/** The section with its periods under names that tell the unit. */
function settingsOf<Section extends { readonly timeout: number; readonly cache?: number | undefined }>({
  timeout,
  cache,
  ...rest
}: Section) {
  return { ...rest, timeout_ms: timeout, cache_ms: cache ?? 0 }
}
