import { type App, startApp } from '../app.ts'
import { formatIssue } from '../config/format-issue.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { Log } from '../model/ports.ts'
import { createLog } from '../ops/log.ts'
import { banner } from './banner.ts'
import { atConfigPlace, complainOf } from './config-problem.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Serves until TERM or INT, then drains; a second signal ends at once. Resolves to the exit code. */
export async function serve(file: string, terminal: Terminal): Promise<number> {
  try {
    const loaded = await loadConfig(file, terminal.env)
    const log = openLog(loaded, terminal)
    for (const issue of loaded.warnings) log.warn(formatIssue(issue, 'warning'))
    for (const issue of loaded.notes) log.info(formatIssue(issue, 'note'))
    const app = await start({ loaded, log, file }, terminal)
    // With the audit log on standard output nothing else may be there.
    if (loaded.config.audit.file !== '-') terminal.print(banner(loaded.config, app.ports, terminal.version))
    log.info('ready', { version: terminal.version, ...app.ports })
    return await untilStopped(app, { log, terminal })
  } catch (error) {
    return complainOf(error, terminal)
  }
}

function openLog({ config }: LoadedConfig, terminal: Terminal): Log {
  return createLog({ ...config.log, write: terminal.complain, clock: Date.now, tty: terminal.isTty })
}

async function start(
  { loaded, log, file }: { readonly loaded: LoadedConfig; readonly log: Log; readonly file: string },
  terminal: Terminal,
): Promise<App> {
  try {
    return await startApp({ loaded, version: terminal.version, log, clock: Date.now, env: terminal.env })
  } catch (error) {
    throw atConfigPlace(error, file, loaded)
  }
}

function untilStopped(
  app: App,
  { log, terminal }: { readonly log: Log; readonly terminal: Terminal },
): Promise<number> {
  // HUP would end the process, USR1 would open Node's debugger; logrotate sends either.
  terminal.onSignal(['SIGHUP', 'SIGUSR1'], name => {
    app.reopenAudit().then(
      () => log.info('the audit file was opened anew', { signal: name }),
      error => log.error('the audit file could not be opened anew', { error }),
    )
  })
  return new Promise(resolve => {
    let signals = 0
    terminal.onSignal(['SIGTERM', 'SIGINT'], name => {
      signals += 1
      if (signals > 1) return terminal.exitNow(EXIT.failed)
      log.info('shutting down; a second signal ends at once', { signal: name })
      app.stop().then(
        inTime => resolve(inTime ? EXIT.ok : EXIT.failed),
        error => {
          log.error('the shutdown failed', { error })
          resolve(EXIT.failed)
        },
      )
    })
  })
}
