import { z } from 'zod'
import { AUDIT_ACTIONS } from '../model/audit-event.ts'
import { oneOf } from './schema-kit.ts'

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
  })
  .prefault({})
  .describe('The audit log.')
