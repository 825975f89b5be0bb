import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { startProcess } from '../../support/background-process.ts'
import { findOnPath } from '../../support/find-prepared.ts'
import { freePort } from '../../support/free-port.ts'
import { runCommand } from '../../support/run-command.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { answers } from './answers.ts'
import type { ProxySetting } from './proxy-setting.ts'
import type { Server } from './server.ts'

/**
 * Path of Caddy: what LANDWAITER_BENCH_CADDY names, else a current one in the project's cache
 * (`~/.cache/landwaiter/caddy/caddy`), else the one on the PATH; `undefined` when there is none.
 */
export function findCaddy(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return process.env['LANDWAITER_BENCH_CADDY'] || findOnPath('caddy', [join(cache, 'landwaiter/caddy')])
}

/** Starts Caddy as a reverse proxy with its defaults, HTTP/1.1 only; stopped at teardown. */
export async function startCaddy(t: Scope, setting: ProxySetting): Promise<Server> {
  const directory = tempDir(t)
  const binary = findCaddy() ?? 'caddy'
  const ports = { registry: await freePort(), sink: await freePort() }
  const file = join(directory, 'Caddyfile')
  writeFileSync(file, caddyfile(setting, ports))
  const env = { HOME: directory, XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined }
  const caddy = await startProcess(t, [binary, 'run', '--config', file, '--adapter', 'caddyfile'], { env })
  for (const port of Object.values(ports)) await caddy.ready('Caddy answers', () => answers(port))
  const door = (port: number) => ({ url: `https://localhost:${port}`, port, pids: [caddy.pid] })
  return {
    name: 'caddy',
    version: `Caddy ${await versionOf(binary)}`,
    registry: door(ports.registry),
    sink: door(ports.sink),
  }
}

/** One that `go install` has made knows its version from the module only. */
async function versionOf(binary: string): Promise<string> {
  const { stdout: version } = await runCommand(binary, ['version'])
  const { stdout: parts } = await runCommand(binary, ['build-info'])
  const [module] = /(?<=^mod\s.*\sv)[\d.]+\S*/m.exec(parts) ?? []
  return module ?? version.trim().split(' ')[0] ?? ''
}

function caddyfile(
  { certificate, key, registry, sink }: ProxySetting,
  ports: { readonly registry: number; readonly sink: number },
): string {
  const site = (port: number, upstream: string) => `
    https://localhost:${port} {
      bind 127.0.0.1
      tls ${certificate} ${key}
      reverse_proxy ${upstream}
    }`
  return `{
      admin off
      auto_https disable_redirects
      default_sni localhost
      servers {
        protocols h1
      }
    }
    ${site(ports.registry, registry)}
    ${site(ports.sink, sink)}
    `
}
