import { tempDir } from '../support/temp-dir.ts'
import { markdownTable } from './markdown-table.ts'
import { missingPackages } from './missing-packages.ts'
import { sslscan } from './sslscan.ts'
import { testssl } from './testssl.ts'
import { PROBES } from './tls-probes.ts'
import { startTlsServers, type TlsServer } from './tls-servers.ts'
import { withScope } from './with-scope.ts'

const PACKAGES = { caddy: 'caddy', sslscan: 'sslscan', testssl: 'testssl.sh', openssl: 'openssl' }

/**
 * `npm run bench -- tls-matrix`: what landwaiter and Debian's Caddy offer to clients, side by side, as sslscan,
 * testssl.sh (which needs a minute for each, and gives grades from version 3.2 on) and Node's client see it.
 */
export async function report(): Promise<string> {
  return (
    (await missingPackages(PACKAGES)) ??
    withScope(async scope => {
      const servers = await startTlsServers(scope)
      const directory = tempDir(scope)
      const columns = await Promise.all(servers.map(server => column(server, directory)))
      const lines = [...(columns[0]?.keys() ?? [])]
      return markdownTable([
        ['', ...servers.map(({ name }) => name)],
        ...lines.map(line => [line, ...columns.map(found => found.get(line) ?? '')]),
      ])
    })
  )
}

async function column(
  { port, certificate }: TlsServer,
  directory: string,
): Promise<ReadonlyMap<string, string>> {
  const probed: [string, string][] = []
  for (const { name, ask } of PROBES) probed.push([name, await ask(port)])
  return new Map([...(await sslscan(port)), ...probed, ...(await testssl(port, { directory, certificate }))])
}
