import type { Clock, Log } from '../model/ports.ts'
import { escapeControls } from './escape-controls.ts'
import { renderField } from './render-field.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogOptions {
  /** Calls below it are dropped. `debug` also shows the stacks of errors. */
  readonly level: LogLevel
  /** `auto`: text on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'text'
  /** Gets one whole line with its newline. */
  readonly write: (line: string) => void
  readonly clock: Clock
  /** Whether the output is a terminal: text is coloured there. */
  readonly tty: boolean
}

type Fields = Readonly<Record<string, unknown>>
interface Entry {
  readonly level: LogLevel
  readonly message: string
  readonly fields: readonly Field[]
  readonly time: string
}

type Field = readonly [name: string, value: unknown]

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const RESERVED: ReadonlySet<string> = new Set(['time', 'level', 'message'])
const COLOURS: Readonly<Record<LogLevel, string>> = { debug: '36', info: '32', warn: '33', error: '31' }

/** The operational log. Never throws: neither a strange value nor a closed output may end a request. */
export function createLog(options: LogOptions): Log {
  const asText = options.format === 'text' || (options.format === 'auto' && options.tty)
  const format = asText ? (entry: Entry) => formatText(entry, options.tty) : formatJson
  const stacks = options.level === 'debug'
  const at = (level: LogLevel) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(options.level)) return () => {}
    return (message: string, fields: Fields = {}) => {
      try {
        const time = new Date(options.clock()).toISOString()
        const rendered = Object.entries(fields).flatMap(([name, value]) => renderEntry(name, value, stacks))
        options.write(`${format({ level, message, fields: rendered, time })}\n`)
      } catch {
        // Nobody is left to tell that the log cannot be written.
      }
    }
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function renderEntry(name: string, value: unknown, stacks: boolean): readonly Field[] {
  const rendered = renderField(value, { stacks })
  return rendered === undefined ? [] : [[RESERVED.has(name) ? `${name}_` : name, rendered]]
}

function formatJson({ time, level, message, fields }: Entry): string {
  return escapeControls(JSON.stringify({ time, level, message, ...Object.fromEntries(fields) }))
}

function formatText({ time, level, message, fields }: Entry, colour: boolean): string {
  const paint = (code: string, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const pairs = fields.map(([name, value]) => ` ${paint('2', `${formatValue(name)}=`)}${formatValue(value)}`)
  const head = `${paint('2', time)} ${paint(COLOURS[level], level.toUpperCase().padEnd(5))}`
  return `${head} ${escapeControls(message)}${pairs.join('')}`
}

function formatValue(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@+-]+$/.test(value)) return value
  return escapeControls(JSON.stringify(value))
}
