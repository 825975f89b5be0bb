import { type ChildProcess, spawn } from 'node:child_process'
import { lstat, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../model/message-of.ts'
import type { Log } from '../model/ports.ts'
import { createUpstreamClient, type UpstreamClient } from './client.ts'
import { RegistryFailed } from './registry-errors.ts'
import { createRegistryLog } from './registry-log.ts'
import { noteRegistry, type RegistryNote } from './registry-orphan.ts'

const READY_TIMEOUT_MS = 15_000
const READY_POLL_MS = 50
const TERM_GRACE_MS = 5_000

/** One running registry. */
export interface RegistryChild {
  readonly pid: number
  /** Resolves with how it ended: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>
  /** TERM, then KILL after 5 s. Resolves when it is gone. */
  end(): Promise<void>
}

export interface LaunchOptions extends RegistryNote {
  readonly binary: string
  readonly socket: string
  readonly env: Readonly<Record<string, string>>
  readonly log: Log
  /** Gives up waiting and ends the registry. */
  readonly signal: AbortSignal
}

/**
 * Starts a registry and waits until it answers `GET /v2/` with 200 or 401, at most 15 s.
 * @throws RegistryFailed with what it said; nothing is left running then.
 */
export async function launchRegistry(options: LaunchOptions): Promise<RegistryChild> {
  const { binary, configFile, env, socket, log, signal } = options
  await removeStaleSocket(socket)
  // A process group of its own: Ctrl-C must reach us alone, since the registry stops last.
  const spawned = spawn(binary, ['serve', configFile], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const ended = endOf(spawned)
  if (spawned.pid === undefined) throw new RegistryFailed(`${binary} cannot be started: ${await ended}`)
  const output = createRegistryLog(log)
  output.attach(spawned.stdout)
  output.attach(spawned.stderr)
  const child: RegistryChild = { pid: spawned.pid, ended, end: () => endChild(spawned, ended) }
  try {
    await noteRegistry(options, child.pid)
    await untilReady(socket, { ended, signal })
  } catch (cause) {
    await child.end()
    const said = output.excerpt()
    throw new RegistryFailed(
      `the registry did not come up: ${messageOf(cause)}${said === '' ? '' : ` (${said})`}`,
      {
        cause,
      },
    )
  }
  return child
}

/** @throws RegistryFailed when something else is in the place of the socket. */
async function removeStaleSocket(socket: string): Promise<void> {
  const found = await lstat(socket).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw new RegistryFailed(`${socket} is in the way of the registry's socket`)
  await rm(socket)
}

function endOf(spawned: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    spawned.once('error', error => resolve(error.message))
    // Unlike `exit`, `close` comes after the last line of output.
    spawned.once('close', (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
    )
  })
}

async function endChild(spawned: ChildProcess, ended: Promise<string>): Promise<void> {
  spawned.kill('SIGTERM')
  const timer = setTimeout(() => spawned.kill('SIGKILL'), TERM_GRACE_MS)
  await ended
  clearTimeout(timer)
}

async function untilReady(
  socket: string,
  { ended, signal }: { readonly ended: Promise<string>; readonly signal: AbortSignal },
): Promise<void> {
  const client = createUpstreamClient({ kind: 'unix', path: socket })
  const over = new AbortController()
  const limit = AbortSignal.any([signal, over.signal, AbortSignal.timeout(READY_TIMEOUT_MS)])
  // A question that hangs must not outlast the limit.
  limit.addEventListener('abort', () => void client.close())
  const died = ended.then(how => Promise.reject(new Error(how)))
  try {
    await Promise.race([died, pollUntilAnswered(client, limit)])
  } catch (cause) {
    if (signal.aborted) throw new Error('it was stopped', { cause })
    if (limit.aborted) throw new Error(`no answer within ${READY_TIMEOUT_MS / 1000} s`, { cause })
    throw cause
  } finally {
    over.abort()
  }
}

async function pollUntilAnswered(client: UpstreamClient, limit: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await client.head('/v2/', { method: 'GET' }).catch(() => undefined)
    if (answer?.status === 200 || answer?.status === 401) return
    await delay(READY_POLL_MS, undefined, { signal: limit })
  }
}
