import { z } from 'zod'
import { byteSize, duration, oneOf } from './schema-kit.ts'

/** The operational log on standard error. */
export const LogSchema = z
  .strictObject({
    level: oneOf(['debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('Least severe level that is written.'),
    format: oneOf(['auto', 'json', 'text'])
      .default('auto')
      .describe('`json` lines, `text`, or `auto`: text on a terminal.'),
  })
  .prefault({})
  .describe('The operational log on standard error.')

/** Bounds. */
export const LimitsSchema = z
  .strictObject({
    shutdown_timeout: duration()
      .prefault('30s')
      .describe('How long running transfers may go on after TERM; `30s`, `2m`.'),
    transfer_memory: byteSize()
      .refine(bytes => bytes >= 1024 * 1024, 'must be 1MiB or more')
      .prefault('64MiB')
      .describe('Memory for the buffers of bodies in transit, all together; `64MiB`, `1GiB`.'),
    connections: z
      .int()
      .min(1, 'must be 1 or more')
      .default(20_000)
      .describe(
        'Connections of clients at the same time, for each address of the registry, the token realm and the redirect to HTTPS; more are closed at once.',
      ),
  })
  .transform(({ shutdown_timeout, ...limits }) => ({
    shutdown_timeout_ms: shutdown_timeout,
    ...limits,
  }))
  .prefault({})
  .describe('Bounds.')
