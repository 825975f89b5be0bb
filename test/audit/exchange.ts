import type { Peer, RegistryExchange, Transfer } from '../../src/model/exchange.ts'
import type { RegistryRequest } from '../../src/model/registry-request.ts'

export const DIGEST = `sha256:${'9b'.repeat(32)}`
export const OLD_DIGEST = `sha256:${'11'.repeat(32)}`
export const COMPLETED = { at: Date.UTC(2026, 10, 24, 16, 6, 0, 123), monotonicMs: 1012.44 }

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
export const NAME = 'team/web'

export const peer: Peer = {
  id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
  startedMs: 1000,
  method: 'GET',
  path: '/v2/',
  scheme: 'https',
  host: 'registry.example.com',
  clientIp: '203.0.113.7',
  peerIp: '203.0.113.7',
}
export const token = {
  subject: { name: 'ann', via: 'static', labels: {} },
  via: 'token',
  tokenId: 'tk_9f2c',
} as const
export const anonymous = { subject: { name: '', via: 'anonymous', labels: {} }, via: 'anonymous' } as const

/** One finished request under `/v2`, made by the user `ann` with a token unless the case says otherwise. */
export function exchange(
  method: string,
  path: string,
  facts: Partial<Omit<RegistryExchange, 'transfer'>> & { readonly transfer?: Partial<Transfer> },
): RegistryExchange {
  const { transfer, ...rest } = facts
  const status = facts.status ?? 200
  return {
    identity: token,
    outcome: 'success',
    rule: 'acl[3]',
    status,
    ...rest,
    peer: { ...peer, ...facts.peer, method, path: `/v2/${path}` },
    ...(transfer === undefined
      ? {}
      : { transfer: { status, complete: true, bytesIn: 0, bytesOut: 0, ...transfer } }),
  }
}

/** The same exchange before a rule was asked. */
export function withoutRule(from: RegistryExchange): RegistryExchange {
  const { rule: _, ...rest } = from
  return rest
}

/** The same exchange without credentials and without a rule that decided. */
export function bare(from: RegistryExchange): RegistryExchange {
  const { identity: _, rule: __, ...rest } = from
  return { ...rest, outcome: 'denied', status: 401, reason: 'authentication required' }
}

/** A request on the manifest of a tag or digest. */
export const manifest = (
  verb: 'check' | 'read' | 'write' | 'delete',
  reference: string,
): RegistryRequest => ({
  kind: 'manifest',
  verb,
  name: NAME,
  reference: reference.includes(':')
    ? { kind: 'digest', digest: reference }
    : { kind: 'tag', tag: reference },
})

/** What the policy says no to. */
export const denied = {
  outcome: 'denied',
  status: 403,
  rule: 'default-deny',
  reason: 'no rule allows this',
} as const

/** What happened, by a sentence, and whether it is a line at each level: manifests, blobs, requests. */
export type RegistryCase = readonly [string, string, RegistryExchange]
