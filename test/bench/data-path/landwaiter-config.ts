import type { ProxySetting } from './proxy-setting.ts'

/** The registry's `auth.token.service`. */
export const SERVICE = 'bench'
/** The registry's `auth.token.issuer`. */
export const ISSUER = 'landwaiter'
/** So that no token ends during a run. */
const TOKEN_SECONDS = 86_400

/** landwaiter's configuration in front of the registry, beside the sample's users and rules. */
export function landwaiterConfig(setting: Omit<ProxySetting, 'sink'>): Readonly<Record<string, unknown>> {
  const { certificate, key, signing, registry } = setting
  return {
    tls: { mode: 'files', certificate, key },
    token: { issuer: ISSUER, service: SERVICE, expiration: TOKEN_SECONDS, ...signing },
    registry: { upstream: `http://${registry}` },
  }
}

/** Path and query that ask the realm for a token. */
export function tokenPath(scope: string): string {
  return `/auth?${new URLSearchParams({ service: SERVICE, scope })}`
}
