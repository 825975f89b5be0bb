import { createDnsAnswer } from '../acme/dns-answer.ts'
import type { DnsPublisher } from '../acme/dns-publisher.ts'
import { createHookPublisher } from '../acme/hook-publisher.ts'
import { createRfc2136Publisher } from '../acme/rfc2136-publisher.ts'
import type { AcmeSettings, DnsSettings } from '../config/resolve-tls.ts'
import type { AnswerChallenge } from '../model/certificate-authority.ts'
import type { AcmeEffects } from './acme-effects.ts'

const DNS_PORT = 53
/** What every program needs; the rest of our environment may hold secrets. */
const HOOK_ENVIRONMENT = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']

/** How dns-01 is answered; `undefined` without `tls.acme.dns`. */
export function openDnsAnswer({ dns }: AcmeSettings, effects: AcmeEffects): AnswerChallenge | undefined {
  if (dns === undefined) return undefined
  return createDnsAnswer({
    publisher: publisherOf(dns, effects),
    resolvers: dns.resolvers,
    propagationTimeoutMs: dns.propagation_timeout,
    propagationWaitMs: dns.propagation_wait,
    log: effects.log,
  })
}

function publisherOf({ hook, rfc2136, env: names }: DnsSettings, effects: AcmeEffects): DnsPublisher {
  const { clock, log } = effects
  if (rfc2136 !== undefined) {
    const { server, zone, key } = rfc2136
    return createRfc2136Publisher({
      server: { host: server.host, port: server.port ?? DNS_PORT },
      zone,
      key,
      clock,
      log,
    })
  }
  if (hook === undefined) throw new TypeError('the schema let tls.acme.dns pass without hook and rfc2136')
  const env = Object.fromEntries([...HOOK_ENVIRONMENT, ...names].map(name => [name, effects.env[name]]))
  return createHookPublisher({ command: hook, env, log })
}
