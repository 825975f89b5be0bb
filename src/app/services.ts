import type { Config } from '../config/schema.ts'
import type { UpstreamProbe } from '../upstream/probe.ts'

/** The names of the audience of our tokens (the registry's `service`). */
export interface Services {
  /** For challenges and for tokens of clients that name no service. */
  current(): string
  /** All that we sign for and accept. */
  accepted(): readonly string[]
  /** The audience that the registry behind us wants. */
  upstream(): string
}

/**
 * docker_auth's file does not say the service; the registry's own challenge does. What is configured comes first,
 * then what the registry said, then a name of our own, which stays valid when the registry is heard of later.
 */
export function createServices(options: {
  readonly configured: string | undefined
  readonly configuredUpstream: string | undefined
  readonly fallback: string
  readonly probe: Pick<UpstreamProbe, 'service'>
}): Services {
  const { configured, configuredUpstream, fallback, probe } = options
  const current = () => configured ?? probe.service() ?? fallback
  return {
    current,
    accepted: () => (configured === undefined ? [...new Set([current(), fallback])] : [configured]),
    upstream: () => configuredUpstream ?? probe.service() ?? current(),
  }
}

/** The service while neither the configuration nor the registry has named one. */
export function fallbackService({ domains }: Pick<Config, 'domains'>): string {
  return domains.registry ?? 'landwaiter'
}
