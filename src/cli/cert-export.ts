import { stat } from 'node:fs/promises'
import { acmeDirectory } from '../app/open-acme.ts'
import { loadConfig } from '../config/load.ts'
import { exportCertificate } from '../tls/export-certificate.ts'
import { complainOf } from './complain-of.ts'
import { describeTime } from './describe-time.ts'
import { EXIT } from './exit-code.ts'
import { fileError } from './file-error.ts'
import { openStore } from './open-store.ts'
import type { Terminal } from './terminal.ts'

/** What to export, and where to. */
export interface ExportRequest {
  /** The configuration file. */
  readonly config: string
  readonly name: string
  readonly directory: string
  /** Permission bits of the key. */
  readonly mode: number | undefined
}

/** Writes the stored certificate of a name and its key as PEM files. Exit 0, 1 or 3. */
export async function certExport(asked: ExportRequest, terminal: Terminal): Promise<number> {
  const { name, directory, mode } = asked
  try {
    const { config } = await loadConfig(asked.config, terminal.env)
    const folder = acmeDirectory(config)
    await stat(folder)
    const store = await openStore(folder, terminal)
    const options = { directory, ...(mode === undefined ? {} : { mode }) }
    const { authority, pair } = await exportCertificate(store, name, options)
    const until = describeTime(pair.notAfter, Date.now())
    terminal.print(`${directory}: certificate of ${name} by ${authority}, valid until ${until}\n`)
    return EXIT.ok
  } catch (error) {
    return complainOf(fileError(error), terminal)
  }
}
