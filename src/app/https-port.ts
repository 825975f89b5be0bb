import type { Config } from '../config/schema.ts'
import { hostName } from '../http/hosts.ts'

/**
 * The port under which clients reach HTTPS at a name: the one in the domain, since a container's may be published as
 * another, else the one that is open.
 */
export function httpsPort({ domains }: Pick<Config, 'domains'>, bound = 443): (name: string) => number {
  return name => {
    const domain = [domains.registry, domains.auth].find(
      value => value !== undefined && hostName(value) === name,
    )
    const port = /:(\d+)$/.exec(domain ?? '')?.[1]
    return port === undefined ? bound : Number(port)
  }
}

/** For a client that speaks plain HTTP there. The URL is the one that the configuration knows; its own is not read. */
export function plainAnswer({ domains }: Pick<Config, 'domains'>, portFor: (name: string) => number): string {
  const domain = domains.registry ?? domains.auth
  if (domain === undefined) return 'This port speaks HTTPS only: use https:// instead of http://.\n'
  const name = hostName(domain)
  const port = portFor(name)
  return `This is the HTTPS port of ${name}: use https://${name}${port === 443 ? '' : `:${port}`}/.\n`
}
