import { compileGlob, type Glob } from '../../policy/glob.ts'
import { type IpNetwork, isInNetwork, parseIpAddress } from '../../policy/ip-network.ts'
import { utf8Bytes } from '../../policy/matched-text.ts'
import type { AuditRecord } from '../audit-fields.ts'

/** What is looked for; each member that is there must hold, by any of its values. */
export interface RecordQuery {
  readonly actions?: readonly string[]
  readonly kinds?: readonly string[]
  readonly outcomes?: readonly string[]
  /** Globs, as the rules have them: `*` ends at `/`. */
  readonly repositories?: readonly string[]
  /** Globs. */
  readonly actors?: readonly string[]
  /** Globs. */
  readonly tags?: readonly string[]
  readonly clients?: readonly IpNetwork[]
  /** Beginnings of digests, with or without the algorithm; those that were replaced count, too. */
  readonly digests?: readonly string[]
  /** Ids of requests. */
  readonly ids?: readonly string[]
  /** ms since the epoch; records of this moment count. */
  readonly since?: number
  /** ms since the epoch; records of this moment do not count. */
  readonly until?: number
}

/** Whether a record is among what is looked for. */
export type Selection = (record: AuditRecord) => boolean

/** Compiles a query. A malformed glob matches nothing: check it with `compileGlob` first. */
export function compileSelection(query: RecordQuery): Selection {
  const { actions, kinds, outcomes, ids } = query
  const tests = [
    oneOf(actions, record => record.action),
    oneOf(kinds, record => record.kind),
    oneOf(outcomes, record => record.outcome),
    oneOf(ids, record => record.id),
    matching(query.repositories, record => record.repository),
    matching(query.actors, record => record.actor.name),
    matching(query.tags, record => record.tag),
    inNetworks(query.clients),
    withDigest(query.digests),
    inTime(query),
  ].filter(test => test !== undefined)
  return record => tests.every(test => test(record))
}

function oneOf(
  values: readonly string[] | undefined,
  pick: (record: AuditRecord) => string,
): Selection | undefined {
  if (values === undefined) return undefined
  const set = new Set(values)
  return record => set.has(pick(record))
}

function matching(
  patterns: readonly string[] | undefined,
  pick: (record: AuditRecord) => string | undefined,
): Selection | undefined {
  if (patterns === undefined) return undefined
  const globs: readonly Glob[] = patterns.flatMap(pattern => compileGlob(pattern) ?? [])
  return record => {
    const text = pick(record)
    if (text === undefined) return false
    const bytes = utf8Bytes(text)
    return globs.some(glob => glob(bytes))
  }
}

function inNetworks(networks: readonly IpNetwork[] | undefined): Selection | undefined {
  if (networks === undefined) return undefined
  return ({ client_ip: text }) => {
    const address = text === undefined ? undefined : parseIpAddress(text)
    return address !== undefined && networks.some(network => isInNetwork(network, address))
  }
}

function withDigest(beginnings: readonly string[] | undefined): Selection | undefined {
  if (beginnings === undefined) return undefined
  const begins = (digest: string | undefined) =>
    digest !== undefined &&
    beginnings.some(text => digest.startsWith(text) || digest.startsWith(text, digest.indexOf(':') + 1))
  return record => begins(record.digest) || begins(record.previous_digest)
}

function inTime({ since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY }: RecordQuery) {
  if (since === Number.NEGATIVE_INFINITY && until === Number.POSITIVE_INFINITY) return undefined
  return ({ time }: AuditRecord) => {
    const moment = Date.parse(time)
    return since <= moment && moment < until
  }
}
