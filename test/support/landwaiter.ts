import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, type Dispatcher, request } from 'undici'
import { stringify } from 'yaml'
import { type App, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { AuditEvent } from '../../src/model/audit-event.ts'
import type { Clock, Log } from '../../src/model/ports.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** Sample users, all with a password of `NAME-password` (bcrypt cost 5), and rules; the parity and client tests use them. */
export const SAMPLE = {
  users: {
    admin: {
      password: '$2y$05$.dvf/EWzsfl/tYnf7zc1RuVbCP9MzVjUaKtZYdT9WgQw6XO7OQch2',
      labels: { role: ['administrator'] },
    },
    developer: {
      password: '$2y$05$G4E/9m1ub/7iFf3wkwC3uets3kaBf3PIePU8rycRPpA0A9wFbHTli',
      labels: { team: ['backend'], role: ['developer'] },
    },
    '': {},
  },
  acl: [
    { match: { labels: { role: 'administrator' } }, actions: ['*'] },
    {
      match: { labels: { role: 'developer' }, name: 'dev-${labels:team}/*' },
      actions: ['pull', 'push', 'delete'],
    },
    { match: { account: '', type: 'repository', name: 'public/*' }, actions: ['pull'] },
  ],
}

/** One captured call of the operational log. */
export interface LogEntry {
  readonly level: keyof Log
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A landwaiter in this process, on loopback ports of the system's choice. */
export interface TestLandwaiter {
  readonly app: App
  /** `localhost:PORT`, as clients type it. */
  readonly host: string
  /** `https://localhost:PORT`, or http without TLS. */
  readonly url: string
  readonly adminUrl: string
  readonly dir: string
  /** The configuration file. */
  readonly file: string
  /** PEM of the internal CA. */
  readonly caFile: string
  readonly auditFile: string
  readonly log: readonly LogEntry[]
  /** A request that trusts the internal CA; the body as text. */
  readonly request: (path: string, options?: RequestOptions) => Promise<TestAnswer>
  /** The audit lines so far. */
  readonly audit: () => readonly (AuditEvent & { readonly seq: number; readonly prev?: string })[]
  /** A token for these scopes, through the realm. */
  readonly token: (user: string, ...scopes: readonly string[]) => Promise<string>
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface TestAnswer {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly text: string
}

export interface LandwaiterOptions {
  /** Sections that replace or join the sample's: an object, or a whole file as text. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly file?: string
  readonly env?: Readonly<Record<string, string>>
  readonly clock?: Clock
  /** How often the configuration file is looked at; by default hardly ever. */
  readonly watchMs?: number
}

/** Starts landwaiter with the sample configuration, changed by `options.config`. Stopped at teardown. */
export async function startLandwaiter(t: Scope, options: LandwaiterOptions = {}): Promise<TestLandwaiter> {
  const dir = tempDir(t)
  const file = options.file ?? writeConfig(dir, options.config ?? {})
  const loaded = await loadConfig(file, options.env ?? {})
  const log: LogEntry[] = []
  const app = await startApp({
    loaded,
    version: '0.0.0-test',
    log: capture(log),
    clock: options.clock ?? Date.now,
    env: process.env,
    load: () => loadConfig(file, options.env ?? {}),
    watch: { files: [file], pollMs: options.watchMs ?? 60_000 },
  })
  t.teardown(() => app.stop())
  const { config } = loaded
  const isTls = config.tls.mode !== 'off'
  const port = isTls ? app.ports.https : app.ports.http
  const host = `localhost:${port}`
  const url = `${isTls ? 'https' : 'http'}://${host}`
  const caFile = join(config.state_dir, 'ca', 'ca.pem')
  const agent = new Agent({
    connect: isTls
      ? {
          ca: config.tls.mode === 'internal' ? readFileSync(caFile) : undefined,
          rejectUnauthorized: config.tls.mode === 'internal',
        }
      : {},
  })
  t.teardown(() => agent.destroy())
  const send = requester(agent, url)
  return {
    app,
    host,
    url,
    adminUrl: `http://127.0.0.1:${app.ports.admin}`,
    dir,
    file,
    caFile,
    auditFile: config.audit.file,
    log,
    request: send,
    audit: () => readAudit(config.audit.file),
    token: (user, ...scopes) => fetchToken(send, user, scopes),
  }
}

/** The value of a Basic Authorization header for a sample user; `''` is nobody. */
export function basic(user: string, password = user === '' ? '' : `${user}-password`): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** Writes the sample configuration, changed by `changes`, to `dir`; returns the file. */
export function writeConfig(dir: string, changes: Readonly<Record<string, unknown>>): string {
  const file = join(dir, 'config.yml')
  const base = {
    domains: { registry: 'localhost' },
    listen: { https: '127.0.0.1:0', http: '127.0.0.1:0', admin: '127.0.0.1:0' },
    state_dir: join(dir, 'state'),
    audit: { file: join(dir, 'audit.jsonl') },
    limits: { shutdown_timeout: '3s' },
    ...SAMPLE,
  }
  writeFileSync(file, stringify({ ...base, ...changes }))
  return file
}

function capture(entries: LogEntry[]): Log {
  const at =
    (level: keyof Log) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      entries.push({ level, message, fields })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function requester(agent: Agent, url: string): TestLandwaiter['request'] {
  return async (path, { method = 'GET', headers = {}, body } = {}) => {
    const answer = await request(url + path, {
      method: method as Dispatcher.HttpMethod,
      headers,
      dispatcher: agent,
      ...(body === undefined ? {} : { body }),
    })
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
  }
}

async function fetchToken(
  send: TestLandwaiter['request'],
  user: string,
  scopes: readonly string[],
): Promise<string> {
  const query = scopes.map(scope => `scope=${encodeURIComponent(scope)}`).join('&')
  const headers: Record<string, string> = user === '' ? {} : { authorization: basic(user) }
  const { status, text } = await send(`/auth?${query}`, { headers })
  if (status !== 200) throw new Error(`no token for ${user}: ${status} ${text}`)
  return String(JSON.parse(text).token)
}

/** The lines of an audit file, without what the log tells of itself. */
export function readAudit(
  file: string,
): readonly (AuditEvent & { readonly seq: number; readonly prev?: string })[] {
  const text = readFileSync(file, 'utf8')
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
    .filter(({ kind }) => kind !== 'audit')
}
