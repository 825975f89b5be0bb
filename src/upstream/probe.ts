import { messageOf } from '../model/message-of.ts'
import type { Log } from '../model/ports.ts'
import type { UpstreamClient } from './client.ts'

/** What the registry says to a bare `GET /v2/`. */
export type UpstreamState =
  | { readonly state: 'unknown' }
  | { readonly state: 'down'; readonly reason: string }
  | { readonly state: 'open' }
  /** It wants a token for this service. */
  | { readonly state: 'guarded'; readonly service: string | undefined }

export interface UpstreamProbe {
  current(): UpstreamState
  /** The service in the registry's own challenge, once seen: the audience that its tokens must have. */
  service(): string | undefined
  /** Asks now; callers that come meanwhile share the answer. Never rejects. */
  check(): Promise<UpstreamState>
  /** Calls `listener` after each result. */
  onResult(listener: () => void): void
  close(): void
}

export interface ProbeOptions {
  readonly client: UpstreamClient
  readonly name: string
  readonly intervalMs: number
  readonly log: Log
  /** Called with each result. */
  readonly onResult: (state: UpstreamState) => void
}

/** How often a registry that does not answer is asked. */
const FIRST_INTERVAL_MS = 1_000

/** Asks the registry every `intervalMs`, and every second while it does not answer; logs each change once. */
export function createUpstreamProbe({
  client,
  name,
  intervalMs,
  log,
  onResult,
}: ProbeOptions): UpstreamProbe {
  let current: UpstreamState = { state: 'unknown' }
  let service: string | undefined
  let running: Promise<UpstreamState> | undefined
  let ticks = 0
  const listeners = new Set<() => void>()
  const every = Math.max(1, Math.round(intervalMs / FIRST_INTERVAL_MS))
  const askOnce = async () => {
    const next = await ask(client)
    if (next.state !== current.state) logChange(log, name, next)
    current = next
    if (next.state === 'guarded') service = next.service ?? service
    onResult(next)
    for (const listener of listeners) listener()
    return next
  }
  const check = () => {
    running ??= askOnce().finally(() => {
      running = undefined
    })
    return running
  }
  // Until the registry has been heard of, its service is not known, and with it what tokens must say.
  const timer = setInterval(() => {
    ticks += 1
    if (current.state === 'down' || current.state === 'unknown' || ticks % every === 0) void check()
  }, FIRST_INTERVAL_MS)
  timer.unref()
  return {
    current: () => current,
    service: () => service,
    check,
    onResult: listener => void listeners.add(listener),
    close: () => clearInterval(timer),
  }
}

async function ask(client: UpstreamClient): Promise<UpstreamState> {
  try {
    const { status, headers } = await client.head('/v2/', { method: 'GET' })
    if (status === 200) return { state: 'open' }
    if (status !== 401) return { state: 'down', reason: `GET /v2/ answered ${status}` }
    const challenge = String(headers['www-authenticate'] ?? '')
    return { state: 'guarded', service: /\bservice="([^"]*)"/.exec(challenge)?.[1] }
  } catch (error) {
    return { state: 'down', reason: messageOf(error) }
  }
}

function logChange(log: Log, upstream: string, state: UpstreamState): void {
  if (state.state === 'down') log.warn('the registry cannot be reached', { upstream, reason: state.reason })
  else if (state.state === 'open') log.info('the registry answers, without asking for a token', { upstream })
  else if (state.state === 'guarded') log.info('the registry answers', { upstream, service: state.service })
}
