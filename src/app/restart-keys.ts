import type { Config } from '../config/schema.ts'

/** All but `level` and `omit`: the file is open. */
const AUDIT_KEYS = [
  'file',
  'node',
  'sync',
  'chain',
  'checkpoint_interval',
  'max_size',
  'daily',
  'max_files',
  'max_age',
  'compress',
  'mode',
  'ballast',
  'grace',
  'pulls',
] as const

/** Sections, or keys of sections, that are bound to what is open: sockets, files, the registry, the key it trusts. */
const FIXED: readonly (readonly [name: string, pick: (config: Config) => unknown])[] = [
  ['domains', config => config.domains],
  ['listen', config => config.listen],
  ['workers', config => config.workers],
  ['tls', config => config.tls],
  ['trusted_proxies', config => (config.listen.proxy_protocol ? config.trusted_proxies : undefined)],
  ['server.addr', config => config.server.listen],
  ['token.issuer', config => config.token.issuer],
  ['token.key', config => [config.token.key, config.token.certificate, config.token.disable_legacy_key_id]],
  ['token.service', config => config.token.service],
  ['registry', config => config.registry],
  ['cache', config => config.cache],
  ['limits.connections', config => config.limits.connections],
  ...AUDIT_KEYS.map(key => [`audit.${key}`, (config: Config) => config.audit[key]] as const),
  ['state_dir', config => config.state_dir],
  ['log', config => config.log],
]

/** The keys whose change takes effect only at the next start. */
export function restartKeys(running: Config, wanted: Config): readonly string[] {
  return FIXED.filter(([, pick]) => !isEqual(pick(running), pick(wanted))).map(([name]) => name)
}

/** `wanted` with everything that is bound to a start as it runs now. */
export function withFixedKeys(running: Config, wanted: Config): Config {
  const { domains, listen, workers, tls, registry, cache, state_dir, log, token, server, audit, limits } =
    running
  return {
    ...wanted,
    domains,
    listen,
    workers,
    tls,
    // The listeners know from whom a PROXY header comes.
    trusted_proxies: listen.proxy_protocol ? running.trusted_proxies : wanted.trusted_proxies,
    registry,
    cache,
    state_dir,
    log,
    token: { ...token, expiration: wanted.token.expiration },
    server: { ...wanted.server, listen: server.listen },
    limits: { ...wanted.limits, connections: limits.connections },
    audit: { ...audit, level: wanted.audit.level, omit: wanted.audit.omit, sinks: wanted.audit.sinks },
  }
}

/** Plain data; secrets in it compare as equal. */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
