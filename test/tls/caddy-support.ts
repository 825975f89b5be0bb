import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess } from '../support/background-process.ts'
import type { Pebble } from '../support/pebble.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { handshake } from './support.ts'

const DATA = join('volume', 'caddy')

/**
 * Data folder of a real Caddy that obtained a certificate for each name, and was stopped. The home of its user stays
 * empty.
 */
export async function caddyData(t: Scope, pebble: Pebble, names: readonly string[]): Promise<string> {
  const home = tempDir(t)
  // One more name at a time: registering for two at once, Caddy mixes up the files of two accounts.
  for (const index of names.keys()) await obtain(t, { pebble, home, names: names.slice(0, index + 1) })
  return join(home, DATA)
}

async function obtain(
  t: Scope,
  {
    pebble,
    home,
    names,
  }: { readonly pebble: Pebble; readonly home: string; readonly names: readonly string[] },
): Promise<void> {
  const sites = names.map(name => `${name} {\n respond ok\n}`)
  const config = `{
    admin off
    email owner@example.test
    acme_ca ${pebble.directory}
    acme_ca_root ${pebble.caRootFile}
    http_port ${pebble.httpPort}
    https_port ${pebble.tlsPort}
    storage file_system ${join(home, DATA)}
  }
  ${sites.join('\n')}\n`
  const file = join(home, 'Caddyfile')
  writeFileSync(file, config)
  const caddy = await startProcess(t, ['caddy', 'run', '--adapter', 'caddyfile', '--config', file], {
    env: { HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home },
  })
  for (const servername of names) {
    await caddy.ready(`a certificate for ${servername}`, async () => {
      return !('code' in (await handshake(t, { port: pebble.tlsPort, servername })))
    })
  }
  await caddy.stop()
}
