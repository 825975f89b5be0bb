import type { AuditField } from './audit-field.ts'

/** The fields of what the server tells of itself and of the log, in the order of the line, after those of requests. */
export const SYSTEM_FIELDS = [
  { name: 'version', type: 'string', example: '"0.1.0"', meaning: 'of `server.start`: the running version' },
  { name: 'pid', type: 'integer', example: '4711', meaning: 'of `server.start`: the process' },
  {
    name: 'config',
    type: 'string',
    example: '"9f86d081884c7d65"',
    meaning:
      'of `server.start` and `config.reload`: the configuration file, as the first 16 digits of `sha256sum`',
  },
  {
    name: 'previous_stop',
    type: 'string',
    example: '"clean"',
    meaning:
      'of `server.start`: `clean`, or `unclean` when the log does not end with `server.stop`; absent in a new log',
  },
  {
    name: 'file',
    type: 'string',
    example: '"audit-2026-11-24T16-06-00.123.jsonl"',
    meaning: 'of `audit.rotate`: the file before this one; of `audit.prune`: the file that was removed',
  },
  {
    name: 'from_seq',
    type: 'integer',
    example: '101',
    meaning: 'of `audit.gap`: first number that no line has',
  },
  {
    name: 'to_seq',
    type: 'integer',
    example: '104',
    meaning: 'of `audit.gap`: last number that no line has; the next one is this line',
  },
  { name: 'count', type: 'integer', example: '4', meaning: 'of `audit.gap`: how many lines are lost' },
  {
    name: 'key',
    type: 'string',
    example: '"5f0c2a9e1b7d4c38"',
    meaning: 'of `audit.checkpoint`: the key that signed, by the SHA-256 of its public half',
  },
  {
    name: 'signature',
    type: 'string',
    example: '"mJ3x…"',
    meaning: 'of `audit.checkpoint`: Ed25519 over node, `seq` and `prev`, base64url',
  },
  {
    name: 'prev',
    type: 'string',
    example: '"3f7a…"',
    meaning: 'SHA-256 of the line before, with `audit.chain`; always last',
  },
] as const satisfies readonly AuditField[]
