import type { Readable } from 'node:stream'
import type { Log } from '../model/ports.ts'

const LINE_LIMIT = 16 * 1024
/** A reason comes first, before a usage text or a stack trace, or last, after warnings. */
const FIRST_LINES = 4
const LEVELS: Readonly<Record<string, keyof Log>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  warn: 'warn',
  error: 'error',
  fatal: 'error',
  panic: 'error',
}
/** What 2.8 says of every request without a token, as our own probe is. */
const CHALLENGED = 'error authorizing context: authorization token required'
/** The rest repeats what the audit log has, or is the registry's own business. */
const FIELDS = [
  'err.code',
  'err.message',
  'err.detail',
  'error',
  'http.request.method',
  'http.response.status',
]

/** Passes a registry's output on. */
interface RegistryLog {
  attach(stream: Readable): void
  /** Its first lines and its last, for the message of an error. */
  excerpt(): string
}

/**
 * Passes each line of a registry's output on to `log`: JSON at its own level, but answers below 500 at `debug`, since
 * the registry calls every 404 an error; other text as a warning. Lines are cut at 16 KiB.
 */
export function createRegistryLog(log: Log): RegistryLog {
  const excerpt: string[] = []
  const onLine = (line: string): void => {
    if (line.trim() === '') return
    const message = passOn(log, line)
    if (excerpt.length > FIRST_LINES) excerpt.pop()
    excerpt.push(message.trim())
  }
  return { attach: stream => splitLines(stream, onLine), excerpt: () => excerpt.join('; ') }
}

function splitLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  let isSkipping = false
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const [head = '', ...lines] = chunk.split('\n')
    if (!isSkipping) rest += head
    for (const line of lines) {
      if (!isSkipping) onLine(rest.slice(0, LINE_LIMIT))
      isSkipping = false
      rest = line
    }
    if (rest.length <= LINE_LIMIT) return
    onLine(rest.slice(0, LINE_LIMIT))
    rest = ''
    isSkipping = true
  })
  stream.on('end', () => onLine(rest))
}

/** Returns the line's message. */
function passOn(log: Log, line: string): string {
  const entry = parse(line)
  const message = entry?.['msg']
  if (entry === undefined || typeof message !== 'string') {
    log.warn(line, { source: 'registry' })
    return line
  }
  const fields = Object.fromEntries(FIELDS.flatMap(key => (key in entry ? [[key, entry[key]]] : [])))
  const status = entry['http.response.status']
  const isRoutine = (typeof status === 'number' && status < 500) || message.startsWith(CHALLENGED)
  const level = isRoutine ? 'debug' : LEVELS[String(entry['level'])]
  log[level ?? 'warn'](message, { source: 'registry', ...fields, ...requestPath(entry['http.request.uri']) })
  return message
}

/** Without the query: upload states are secrets. */
function requestPath(uri: unknown): { readonly path?: string } {
  return typeof uri === 'string' ? { path: uri.split('?', 1)[0] ?? '' } : {}
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    // A line of someone's text that only begins like JSON.
    return undefined
  }
}
