import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { startProcess } from '../support/background-process.ts'
import { freePort } from '../support/free-port.ts'
import { startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { runCommand } from '../support/run-command.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makePair } from '../tls/support.ts'

/** A TLS server for `localhost` on a port of 127.0.0.1, in a process of its own. */
export interface TlsServer {
  /** Name and version. */
  readonly name: string
  readonly port: number
  readonly pid: number
  /** Its certificate, self-signed; a PEM file. */
  readonly certificate: string
}

/**
 * landwaiter and Debian's Caddy with the same ECDSA P-256 certificate, each with its defaults; stopped at teardown.
 * Caddy gets what landwaiter's configuration says by itself: the name to answer clients as that name none.
 */
export async function startTlsServers(t: Scope): Promise<readonly [TlsServer, TlsServer]> {
  const directory = tempDir(t)
  const pair = makePair({ directory, file: 'localhost', names: 'DNS:localhost', days: 89 })
  const landwaiter = await startLandwaiterProcess(t, { tls: { mode: 'files', ...pair } })
  const caddy = await startCaddy(t, directory, pair)
  return [
    {
      name: `landwaiter (Node ${process.versions.node}, OpenSSL ${process.versions.openssl})`,
      port: Number(landwaiter.host.split(':')[1]),
      pid: landwaiter.pid,
      certificate: pair.certificate,
    },
    caddy,
  ]
}

async function startCaddy(
  t: Scope,
  directory: string,
  pair: { readonly certificate: string; readonly key: string },
): Promise<TlsServer> {
  const port = await freePort()
  const file = join(directory, 'Caddyfile')
  writeFileSync(
    file,
    `{
      admin off
      auto_https disable_redirects
      default_sni localhost
    }
    https://localhost:${port} {
      bind 127.0.0.1
      tls ${pair.certificate} ${pair.key}
      respond "ok"
    }
    `,
  )
  const env = { HOME: directory, XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined }
  const { stdout: version } = await runCommand('caddy', ['version'], { env })
  const command = ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'] as const
  const caddy = await startProcess(t, [...command], { env: { HOME: directory } })
  await caddy.ready('a handshake', () => answers(port))
  return { name: `Caddy ${version.trim()}`, port, pid: caddy.pid, certificate: pair.certificate }
}

function answers(port: number): Promise<true> {
  const { promise, resolve, reject } = Promise.withResolvers<true>()
  const options = { host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false }
  const socket = connect(options, () => resolve(true))
  socket.once('error', reject)
  return promise.finally(() => socket.destroy())
}
