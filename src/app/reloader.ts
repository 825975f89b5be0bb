import { describeServerEvent } from '../audit/describe-server-event.ts'
import { configFingerprint } from '../config/fingerprint.ts'
import { formatIssue } from '../config/format-issue.ts'
import type { LoadedConfig } from '../config/load.ts'
import { ConfigError } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { Prepared } from './live.ts'
import type { Parts } from './parts.ts'

/** How a reload ended; `restart` names the keys that wait for the next start. */
export type ReloadResult =
  | {
      readonly outcome: 'loaded'
      readonly restart: readonly string[]
      readonly warnings: readonly string[]
      /** Which version of the file it is. */
      readonly config: string
    }
  | { readonly outcome: 'rejected'; readonly faults: readonly string[] }

/** Opens a configuration beside the running one. */
type Prepare = (loaded: LoadedConfig) => Promise<Prepared>

/**
 * Reads the configuration again beside the running one and swaps it whole, or keeps it out when it has a fault.
 * Calls come one after the other; the result is logged, counted and written to the audit log. Never rejects.
 */
export function createReloader(parts: Parts, prepare: Prepare): () => Promise<ReloadResult> {
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const next = last.then(() => reload(parts, prepare))
    last = next
    return next
  }
}

async function reload(parts: Parts, prepare: Prepare): Promise<ReloadResult> {
  // The last audit line is that of the stop.
  if (parts.draining.signal.aborted) return { outcome: 'rejected', faults: ['the server is stopping'] }
  const result = await attempt(parts.load, prepare)
  const { log, metrics, clock, sink, newId } = parts
  metrics.setConfigReload(result.outcome, clock())
  report(parts, result)
  const event = describeServerEvent({
    action: 'config.reload',
    at: clock(),
    id: newId(),
    ...(result.outcome === 'rejected'
      ? { outcome: 'failed', reason: result.faults[0] ?? 'unknown fault' }
      : { config: result.config }),
  })
  await sink.append(event).catch(error => log.error('the audit line of a reload is lost', { error }))
  return result
}

async function attempt(load: Parts['load'], prepare: Prepare): Promise<ReloadResult> {
  try {
    const loaded = await load()
    const warnings = loaded.warnings.map(issue => formatIssue(issue, 'warning'))
    const { restart, commit } = await prepare(loaded)
    await commit()
    return { outcome: 'loaded', restart, warnings, config: configFingerprint(loaded.source()) }
  } catch (error) {
    if (error instanceof ConfigError)
      return { outcome: 'rejected', faults: error.issues.map(issue => formatIssue(issue)) }
    return { outcome: 'rejected', faults: [messageOf(error)] }
  }
}

function report({ log }: Parts, result: ReloadResult): void {
  if (result.outcome === 'rejected') {
    for (const fault of result.faults) log.error(fault)
    log.error('the configuration was not taken over; the one before stays in force')
    return
  }
  for (const warning of result.warnings) log.warn(warning)
  log.info('the configuration was taken over')
  if (result.restart.length > 0) {
    log.warn('these keys take effect at the next start', { keys: result.restart.join(', ') })
  }
}

/** The result for the person who asked for it. */
export function reloadText(result: ReloadResult): string {
  if (result.outcome === 'rejected') {
    return `${[...result.faults, 'not taken over; the configuration before stays in force'].join('\n')}\n`
  }
  const restart =
    result.restart.length === 0 ? [] : [`take effect at the next start: ${result.restart.join(', ')}`]
  return `${[...result.warnings, 'the configuration was taken over', ...restart].join('\n')}\n`
}
