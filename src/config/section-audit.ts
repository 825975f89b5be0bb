import { z } from 'zod'
import { AUDIT_ACTIONS } from '../model/audit-event.ts'
import { byteSize, duration, oneOf, parsedText } from './schema-kit.ts'
import { AuditSinksSchema } from './section-audit-sinks.ts'

const MIN_BALLAST = 64 * 1024
const MIN_FILE = 64 * 1024

/** What is written down, and where. */
export const AuditSchema = z
  .strictObject({
    file: z
      .string()
      .min(1, 'must not be empty')
      .default('/var/log/landwaiter/audit.jsonl')
      .describe('The audit log, one JSON line per operation; `-` is standard output.'),
    level: oneOf(['manifests', 'blobs', 'requests'])
      .default('blobs')
      .describe('How much: `manifests`, also `blobs`, or all `requests`.'),
    omit: z.array(oneOf(AUDIT_ACTIONS)).default([]).describe('Actions that are not written.'),
    node: z
      .string()
      .regex(/^[\w.:-]{1,64}$/, 'must be 1 to 64 letters, digits, `.`, `:`, `_` or `-`')
      .optional()
      .describe('The name of this landwaiter in its lines; the host name unless given.'),
    sync: oneOf(['none', 'interval', 'always'])
      .default('interval')
      .describe(
        'When lines are forced to the disk, against a power loss: `none` leaves it to the system, `interval` every second, `always` before the client is answered. A crash of landwaiter loses no line in any of them.',
      ),
    chain: z
      .boolean()
      .default(true)
      .describe('Each line carries the hash of the one before, and checkpoints are signed.'),
    checkpoint_interval: duration()
      .refine(ms => ms >= 1000, 'must be 1s or more')
      .prefault('5m')
      .describe('How often a signature is written while lines come; also at each stop and rotation.'),
    max_size: byteSize()
      .refine(bytes => bytes === 0 || bytes >= MIN_FILE, 'must be 64KiB or more, or 0')
      .prefault('100MiB')
      .describe('Size at which the log goes on in a new file; `0` leaves rotation to another program.'),
    daily: z.boolean().default(false).describe('Begin a new file with each day, UTC.'),
    max_files: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe('How many old files are kept; `0` for all.'),
    max_age: duration()
      .prefault('8760h')
      .describe('How long old files are kept, a year unless given; `0` for ever.'),
    compress: z.boolean().default(true).describe('Compress old files with gzip.'),
    mode: parsedText(parseMode)
      .prefault('0600')
      .describe('Permissions of new files, in octal; `0640` lets their group read.'),
    ballast: byteSize()
      .refine(bytes => bytes === 0 || bytes >= MIN_BALLAST, 'must be 64KiB or more, or 0')
      .prefault('8MiB')
      .describe(
        'Room kept on the disk of the log for the lines of what is under way when it is full; `0` for none.',
      ),
    grace: duration()
      .prefault('60s')
      .describe(
        'How long pulls go on while the log cannot be written; their lines wait in memory, at most 16 MiB of them. Pushes and deletes are refused at once.',
      ),
    pulls: oneOf(['refuse', 'allow'])
      .default('refuse')
      .describe('What happens to pulls after `grace`; lines that are lost are counted in the log.'),
    sinks: AuditSinksSchema,
  })
  .prefault({})
  .describe('The audit log.')

function parseMode(text: string) {
  const isMode = /^0?[0-7]{3}$/.test(text)
  return isMode
    ? { value: Number.parseInt(text, 8) }
    : { fault: 'must be octal permissions in quotes, such as "0640"' }
}
