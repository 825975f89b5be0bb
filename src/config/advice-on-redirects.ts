import { isIP } from 'node:net'
import { isPublicAddress } from '../policy/is-public-address.ts'
import type { Fault } from './fault.ts'
import { isPublicHost } from './public-host.ts'
import type { FileConfig } from './schema.ts'

/** Whether clients of a public registry reach this host, a name or an IP address without brackets, from everywhere. */
export function isReachableHost(host: string): boolean {
  return isIP(host) === 0 ? isPublicHost(host) : isPublicAddress(host)
}

/** Warns of a storage that we name ourselves and send clients to, which a public name promises to all. */
export function adviceOnRedirects({ registry, domains }: FileConfig): readonly Fault[] {
  const { run, redirects } = registry
  const s3 = typeof run === 'object' && run.storage.kind === 's3' ? run.storage : undefined
  if (s3?.endpoint === undefined || !s3.redirect || redirects === 'follow') return []
  const own = URL.parse(`https://${domains.registry}`)?.hostname ?? ''
  const host = new URL(s3.endpoint).hostname.replace(/^\[|\]$/g, '')
  if (!isPublicHost(own) || isReachableHost(host)) return []
  return [
    {
      severity: 'warning',
      path: ['registry', 'run', 'storage', 's3', 'redirect'],
      message: `clients of ${domains.registry} are sent to ${host}, which is not reachable from everywhere`,
      hint: 'set registry.redirects: follow, or redirect: false',
    },
  ]
}
