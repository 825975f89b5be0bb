import { type Command, InvalidArgumentError } from 'commander'
import type { RecordQuery } from '../audit/reading/select-records.ts'
import { nearest } from '../config/nearest.ts'
import { AUDIT_ACTIONS, AUDIT_KINDS, AUDIT_OUTCOMES } from '../model/audit-event.ts'
import { compileGlob } from '../policy/glob.ts'
import { type IpNetwork, parseIpNetwork } from '../policy/ip-network.ts'
import { parseMoment } from './parse-moment.ts'
import { type ConfigOption, configurable } from './session.ts'

/** Where the log is. */
export interface AuditPlaceOptions extends ConfigOption {
  readonly file?: string
}

/** The options that choose records, as commander gives them. */
export interface FilterOptions extends AuditPlaceOptions {
  readonly action?: readonly string[]
  readonly kind?: readonly string[]
  readonly outcome?: readonly string[]
  readonly repository?: readonly string[]
  readonly actor?: readonly string[]
  readonly client?: readonly IpNetwork[]
  readonly tag?: readonly string[]
  readonly digest?: readonly string[]
  readonly id?: readonly string[]
  readonly since?: number
  readonly until?: number
}

/** Gives a command the options that say where the log is. */
export function auditPlaced(command: Command): Command {
  return configurable(command).option('--file <file>', 'the log (default: audit.file of the configuration)')
}

/** Gives a command the options that choose records. */
export function filterable(command: Command): Command {
  return auditPlaced(command)
    .option('--action <list>', 'pull, push, overwrite, delete, login, …', choices(AUDIT_ACTIONS))
    .option('--kind <list>', 'manifest, index, blob, tag, session, …', choices(AUDIT_KINDS))
    .option('--outcome <list>', AUDIT_OUTCOMES.join(', '), choices(AUDIT_OUTCOMES))
    .option('--repository <glob>', 'as in the rules: * ends at /', globs)
    .option('--tag <glob>', 'tag', globs)
    .option('--digest <start>', 'digest, or its beginning', texts)
    .option('--actor <glob>', 'name of the user', globs)
    .option('--client <address>', 'address or network of the client', networks)
    .option('--id <id>', 'X-Request-Id of the request', texts)
    .option('--since <when>', '2026-11-24, "2026-11-24 16:06", today, 90m or 2d ago', since)
    .option('--until <when>', 'the same; a day counts whole', until)
}

/** What these options look for. */
export function queryOf(options: FilterOptions): RecordQuery {
  const { action, kind, outcome, repository, actor, client, tag, digest, id, since, until } = options
  return {
    ...(action && { actions: action }),
    ...(kind && { kinds: kind }),
    ...(outcome && { outcomes: outcome }),
    ...(repository && { repositories: repository }),
    ...(actor && { actors: actor }),
    ...(client && { clients: client }),
    ...(tag && { tags: tag }),
    ...(digest && { digests: digest }),
    ...(id && { ids: id }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
}

type Collect<T> = (text: string, before?: readonly T[]) => readonly T[]

function choices(known: readonly string[]): Collect<string> {
  return (text, before = []) => {
    const words = text.split(',').map(word => word.trim())
    for (const word of words) {
      if (known.includes(word)) continue
      const meant = nearest(word, known)
      const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`
      throw new InvalidArgumentError(`It takes ${known.join(', ')}.${hint}`)
    }
    return [...before, ...words]
  }
}

const globs: Collect<string> = (text, before = []) => {
  if (compileGlob(text) !== undefined) return [...before, text]
  throw new InvalidArgumentError('It takes a pattern such as team/*; this one is not closed')
}

const texts: Collect<string> = (text, before = []) => [...before, text]

const networks: Collect<IpNetwork> = (text, before = []) => {
  const network = parseIpNetwork(text)
  if (network !== undefined) return [...before, network]
  throw new InvalidArgumentError('It takes an address or a network, such as 10.0.0.0/8')
}

function since(text: string): number {
  return moment(text, 'start')
}

function until(text: string): number {
  return moment(text, 'end')
}

function moment(text: string, edge: 'start' | 'end'): number {
  const ms = parseMoment(text, { now: Date.now(), edge })
  if (ms !== undefined) return ms
  throw new InvalidArgumentError(
    'It takes a day (2026-11-24), a time (2026-11-24T16:06:00Z), today, yesterday, or 30s, 90m, 12h, 2d, 1w ago',
  )
}
