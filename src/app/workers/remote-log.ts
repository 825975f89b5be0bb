import type { Log } from '../../model/ports.ts'
import { renderField } from '../../ops/render-field.ts'
import type { Owner } from './owner.ts'

/** The operational log, written by the owner; the fields of an error would not survive the way as they are. */
export function createRemoteLog(owner: Pick<Owner, 'tell'>): Log {
  const at =
    (level: keyof Log) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const plain = Object.entries(fields).map(([name, value]) => [
        name,
        renderField(value, { stacks: true }),
      ])
      owner.tell('log', { level, message, fields: Object.fromEntries(plain) })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
