import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { caDirectory, certificateNames } from '../app/open-tls.ts'
import { loadConfig } from '../config/load.ts'
import { trustHelp } from '../tls/trust-help.ts'
import { complainOf } from './config-problem.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Prints the root certificate of `tls.mode: internal` and how clients come to trust it; the text is a valid PEM file. */
export async function ca(file: string, terminal: Terminal): Promise<number> {
  try {
    const { config } = await loadConfig(file, terminal.env)
    if (config.tls.mode !== 'internal') {
      terminal.complain(`error: tls.mode is ${config.tls.mode}; only internal has a root of its own\n`)
      return EXIT.failed
    }
    const path = join(caDirectory(config), 'ca.pem')
    const certificate = await readFile(path, 'utf8').catch(() => undefined)
    if (certificate === undefined) {
      terminal.complain(`error: there is no ${path} yet; landwaiter makes it at its first start\n`)
      return EXIT.failed
    }
    const names = certificateNames(config)
    const port = config.listen.https?.port ?? 443
    terminal.print(trustHelp({ certificate, hosts: names.length === 0 ? ['localhost'] : names, port }))
    return EXIT.ok
  } catch (error) {
    return complainOf(error, terminal)
  }
}
