import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { AcmeFailed } from '../model/errors.ts'
import type { Log } from '../model/ports.ts'
import type { DnsPublisher, DnsRecord } from './dns-publisher.ts'

/** DNS services with an API of their own take their time. */
const TIMEOUT_MS = 120_000
const MAX_OUTPUT_BYTES = 1024
/** For what is left in the pipes of a killed program. */
const GRACE_MS = 500

/** The program that changes the zones of the owner. */
export interface HookOptions {
  /** Path of an executable. */
  readonly command: string
  /** All that it sees of our environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs?: number | undefined
  readonly log: Log
}

/**
 * A publisher that runs `COMMAND present|cleanup FQDN VALUE`, without a shell; the name ends with a dot. The same is in
 * LANDWAITER_DNS_NAME (without the dot), LANDWAITER_DNS_VALUE and, when the zone is known, LANDWAITER_DNS_ZONE.
 * The exit code 0 means done.
 */
export function createHookPublisher(options: HookOptions): DnsPublisher {
  return {
    publish: (record, signal) => run('present', record, { ...options, signal }),
    remove: (record, signal) => run('cleanup', record, { ...options, signal }),
  }
}

type Run = HookOptions & { readonly signal: AbortSignal }

async function run(verb: 'present' | 'cleanup', record: DnsRecord, options: Run): Promise<void> {
  options.signal.throwIfAborted()
  const { fault, output } = await outcomeOf([verb, `${record.name}.`, record.value], record, options)
  options.signal.throwIfAborted()
  if (fault === undefined) {
    options.log.debug('the DNS hook has run', { verb, name: record.name, output })
    return
  }
  const said = output === '' ? '' : `; it wrote ${JSON.stringify(output)}`
  throw new AcmeFailed('validation', `tls.acme.dns.hook: ${options.command} ${verb} ${fault}${said}`)
}

interface Outcome {
  readonly fault: string | undefined
  readonly output: string
}

// A small twin of src/authz/child-program.ts, which may not be imported from here.
function outcomeOf(args: readonly string[], record: DnsRecord, options: Run): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const { command, signal, timeoutMs = TIMEOUT_MS } = options
  let child: ChildProcess
  try {
    child = spawn(command, args, {
      env: { ...options.env, ...variablesOf(record) },
      // A group of its own, so that what it has started ends with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    return Promise.resolve({ fault: cannotStart(error), output: '' })
  }
  const output = gather([child.stdout, child.stderr])
  let fault: string | undefined
  const stop = (reason: string) => {
    fault ??= reason
    killGroup(child)
  }
  const timer = setTimeout(() => stop(`did not end within ${timeoutMs / 1000} s`), timeoutMs)
  const onAbort = () => stop('was stopped')
  signal.addEventListener('abort', onAbort, { once: true })
  const settle = (reason: string | undefined) => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    resolve({ fault: fault ?? reason, output: output() })
  }
  child.once('error', error => settle(cannotStart(error)))
  child.once('exit', () => {
    killGroup(child)
    endPipesSoon(child)
  })
  child.once('close', (code, killer) => settle(faultOf(code, killer)))
  return promise
}

function variablesOf({ name, value, zone }: DnsRecord): Readonly<Record<string, string | undefined>> {
  return { LANDWAITER_DNS_NAME: name, LANDWAITER_DNS_VALUE: value, LANDWAITER_DNS_ZONE: zone }
}

function faultOf(code: number | null, killer: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined
  return code === null ? `was killed by ${killer}` : `failed with exit code ${code}`
}

function cannotStart(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'cannot be started: there is no such file'
  if (code === 'EACCES') return 'cannot be started: it is not executable (chmod +x)'
  return `cannot be started: ${message}`
}

/** The beginning of what comes; the rest is read and dropped. */
function gather(streams: readonly (Readable | null)[]): () => string {
  const chunks: Buffer[] = []
  let room = MAX_OUTPUT_BYTES
  for (const stream of streams) {
    stream?.on('data', (chunk: Buffer) => {
      if (room > 0) chunks.push(chunk.subarray(0, room))
      room = Math.max(0, room - chunk.length)
    })
    stream?.on('error', () => {
      // The pipe is destroyed with the program.
    })
  }
  return () => Buffer.concat(chunks).toString('utf8').trim()
}

function endPipesSoon(child: ChildProcess): void {
  const grace = setTimeout(() => {
    child.stdout?.destroy()
    child.stderr?.destroy()
  }, GRACE_MS)
  child.once('close', () => clearTimeout(grace))
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in the group.
  }
}
