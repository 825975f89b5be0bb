import { type App, startApp } from '../app.ts'
import { formatIssue } from '../config/format-issue.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { Log } from '../model/ports.ts'
import { createLog } from '../ops/log.ts'
import { banner } from './banner.ts'
import { complainOf } from './complain-of.ts'
import { atConfigPlace } from './config-place.ts'
import { EXIT } from './exit-code.ts'
import type { GlogFlags } from './glog-flags.ts'
import type { Terminal } from './terminal.ts'
import { releaseYoungGeneration } from './young-generation.ts'

/** Slow enough to cost nothing, fast enough for somebody who watches the log. */
const WATCH_MS = 2_000
const GLOG_NOTE = 'of these flags of docker_auth only --v=2 or more has an effect: log.level debug'

/** Serves until TERM or INT, then drains; a second signal ends at once. Resolves to the exit code. */
export async function serve(file: string, terminal: Terminal, glog: GlogFlags): Promise<number> {
  try {
    const loaded = await loadConfig(file, terminal.env)
    const log = openLog(loaded, { terminal, isVerbose: glog.isVerbose })
    for (const issue of loaded.warnings) log.warn(formatIssue(issue, 'warning'))
    for (const issue of loaded.notes) log.info(formatIssue(issue, 'note'))
    if (glog.flags.length > 0) log.info(GLOG_NOTE, { flags: glog.flags })
    // From the beginning: until it is caught, process 1 of a container ignores it.
    const stopRequested = stopRequest({ log, terminal })
    const app = await start({ loaded, log, file }, terminal)
    followSignals(app, { log, terminal })
    releaseYoungGeneration()
    log.info('ready', { version: terminal.version, ...app.ports })
    if (isForPeople(loaded)) terminal.print(banner(loaded.config, app.ports, terminal.version))
    const ended = await Promise.race([stopRequested.then(() => 'asked'), app.failed.then(() => 'failed')])
    const isDrained = await app.stop()
    return ended === 'asked' && isDrained ? EXIT.ok : EXIT.failed
  } catch (error) {
    return complainOf(error, terminal)
  }
}

function openLog(
  { config }: LoadedConfig,
  { terminal, isVerbose }: { readonly terminal: Terminal; readonly isVerbose: boolean },
): Log {
  const level = isVerbose ? 'debug' : config.log.level
  const { complain: write, isTty: tty } = terminal
  return createLog({ ...config.log, level, write, clock: Date.now, tty })
}

/** With the audit log on standard output, or the log wanted as JSON, nothing else may be there. */
function isForPeople({ config }: LoadedConfig): boolean {
  return config.audit.file !== '-' && config.log.format !== 'json'
}

async function start(
  { loaded, log, file }: { readonly loaded: LoadedConfig; readonly log: Log; readonly file: string },
  terminal: Terminal,
): Promise<App> {
  try {
    return await startApp({
      loaded,
      version: terminal.version,
      log,
      clock: Date.now,
      env: terminal.env,
      load: () => loadConfig(file, terminal.env),
      watch: { files: [file], pollMs: WATCH_MS },
    })
  } catch (error) {
    throw atConfigPlace(error, loaded, file)
  }
}

/** Resolves at the first TERM or INT; the second ends the process at once. */
function stopRequest({ log, terminal }: { readonly log: Log; readonly terminal: Terminal }): Promise<void> {
  let signals = 0
  return new Promise(resolve => {
    terminal.onSignal(['SIGTERM', 'SIGINT'], name => {
      signals += 1
      if (signals > 1) return terminal.exitNow(EXIT.failed)
      log.info('shutting down; a second signal ends at once', { signal: name })
      resolve()
    })
  })
}

/** HUP means both to daemons: read the configuration again, and open the log files anew. USR1 would open Node's debugger. */
function followSignals(
  app: App,
  { log, terminal }: { readonly log: Log; readonly terminal: Terminal },
): void {
  const reopen = (signal: string) =>
    app.reopenAudit().then(
      () => log.info('the audit file was opened anew', { signal }),
      error => log.error('the audit file could not be opened anew', { error }),
    )
  // The line of the reload belongs into the new file.
  terminal.onSignal(['SIGHUP'], name => void reopen(name).then(() => app.reload()))
  terminal.onSignal(['SIGUSR1'], name => void reopen(name))
}
