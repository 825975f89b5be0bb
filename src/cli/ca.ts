import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { caDirectory, certificateNames } from '../app/open-tls.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { trustHelp } from '../tls/trust-help.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Prints the root certificate of our own CA, which `tls.mode: acme` has for a stop-gap, and how clients come to trust it; the text is a valid PEM file. */
export async function ca(file: string, terminal: Terminal): Promise<number> {
  try {
    const { config } = await loadConfig(file, terminal.env)
    if (config.tls.mode !== 'internal' && config.tls.mode !== 'acme') {
      terminal.complain(
        `error: tls.mode is ${config.tls.mode}; only internal and acme have a root of their own\n`,
      )
      return EXIT.failed
    }
    const certificate = await readRoot(join(caDirectory(config), 'ca.pem'), terminal)
    if (certificate === undefined) return EXIT.failed
    const names = certificateNames(config)
    const hosts = names.length === 0 ? ['localhost'] : names
    terminal.print(trustHelp({ certificate, hosts, port: clientPort(config) }))
    return EXIT.ok
  } catch (error) {
    return complainOf(error, terminal)
  }
}

async function readRoot(path: string, terminal: Terminal): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem =
      code === 'ENOENT' ? 'does not exist yet; the first start makes it' : `cannot be read (${code})`
    terminal.complain(`error: ${path} ${problem}\n`)
    return undefined
  }
}

/** The port in the domain is the one that clients type; a container may publish ours under another. */
function clientPort({ domains, listen }: Config): number {
  const typed = /:(\d+)$/.exec(domains.registry ?? '')?.[1]
  return typed === undefined ? (listen.https?.port ?? 443) : Number(typed)
}
