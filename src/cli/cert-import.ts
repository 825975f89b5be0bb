import { stat } from 'node:fs/promises'
import { authorityId, directoryUrl, stagingDirectory } from '../acme/directories.ts'
import { acmeDirectory } from '../app/open-acme.ts'
import { loadConfig } from '../config/load.ts'
import type { AcmeSettings } from '../config/resolve-tls.ts'
import { readCaddyData } from '../tls/caddy-data.ts'
import { importCaddyData } from '../tls/import-caddy-data.ts'
import { importPemPair } from '../tls/import-pem-pair.ts'
import { becomeOwner } from './become-owner.ts'
import { complainOf } from './complain-of.ts'
import { deferredStore } from './deferred-store.ts'
import { EXIT } from './exit-code.ts'
import { fileError } from './file-error.ts'
import { openStore } from './open-store.ts'
import type { Terminal } from './terminal.ts'

/** What to import: a data folder of Caddy, or a PEM certificate and its key. */
export interface ImportRequest {
  /** The configuration file. */
  readonly config: string
  readonly path: string
  /** Where the key is when it is not in the file of the certificate. */
  readonly key: string | undefined
}

/** Takes over certificates from elsewhere and says which. Exit 0 when there was anything to take over, else 1, or 3. */
export async function certImport(asked: ImportRequest, terminal: Terminal): Promise<number> {
  let restore = () => {}
  try {
    const { config } = await loadConfig(asked.config, terminal.env)
    const { tls, state_dir: stateDir } = config
    if (tls.mode !== 'acme') {
      terminal.complain(`error: tls.mode is ${tls.mode}; only acme keeps certificates that can be imported\n`)
      return EXIT.failed
    }
    const directory = acmeDirectory(config)
    const store = deferredStore(async () => {
      restore = await becomeOwner([directory, stateDir])
      return await openStore(directory, terminal)
    })
    const isFolder = (await stat(asked.path)).isDirectory()
    if (isFolder && asked.key !== undefined) {
      terminal.complain(`error: ${asked.path} is a folder, so no key can be given beside it\n`)
      return EXIT.usage
    }
    const taken = isFolder
      ? await importFolder(asked.path, { store, settings: tls.acme }, terminal)
      : await importFiles(asked, { store, settings: tls.acme }, terminal)
    return taken ? EXIT.ok : EXIT.failed
  } catch (error) {
    return complainOf(fileError(error), terminal)
  } finally {
    restore()
  }
}

interface Target {
  readonly store: ReturnType<typeof deferredStore>
  readonly settings: AcmeSettings
}

async function importFolder(path: string, target: Target, terminal: Terminal): Promise<boolean> {
  const data = await readCaddyData(path, { clock: Date.now, directories: directoriesOf(target.settings) })
  for (const { reason } of data.skipped) terminal.complain(`skipped ${reason}\n`)
  if (data.certificates.length === 0 && data.accounts.length === 0) {
    terminal.complain(`error: ${path} holds nothing that can be taken over\n`)
    return false
  }
  const { stored, kept, accounts } = await importCaddyData(target.store, data, { authorityId })
  for (const account of accounts) terminal.print(`imported the account at ${account}\n`)
  report(
    [
      ...kept.map(({ name }) => [name, 'kept'] as const),
      ...stored.map(({ name }) => [name, 'stored'] as const),
    ],
    target,
    terminal,
  )
  return true
}

async function importFiles(
  { path, key = path }: ImportRequest,
  target: Target,
  terminal: Terminal,
): Promise<boolean> {
  const { names } = target.settings
  const pair = { certificate: path, key }
  report([...(await importPemPair(target.store, pair, { clock: Date.now, known: names }))], target, terminal)
  return true
}

type Outcome = readonly [name: string, outcome: 'stored' | 'kept']

function report(outcomes: readonly Outcome[], { settings }: Target, terminal: Terminal): void {
  for (const [name, outcome] of outcomes) {
    terminal.print(outcome === 'stored' ? `imported ${name}\n` : `kept ${name}: what is here lasts as long\n`)
  }
  const isServed = (name: string) => settings.names.includes(name)
  for (const name of new Set(outcomes.map(([name]) => name))) {
    if (isServed(name)) continue
    // Stored all the same: it is found when the configuration asks for it.
    terminal.complain(`note: ${name} is not in domains or tls.acme.names, so it is not served\n`)
  }
  if (outcomes.some(([name, outcome]) => outcome === 'stored' && isServed(name))) {
    terminal.print('a running server takes this over within half a minute\n')
  }
}

/** Those that Caddy's folders may be named after. */
function directoriesOf({ authorities }: AcmeSettings): readonly string[] {
  return authorities.flatMap(({ directory }) => {
    const url = directoryUrl(directory)
    return [url, stagingDirectory(url) ?? url]
  })
}
