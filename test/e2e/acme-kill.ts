import { join } from 'node:path'
import type { AcmeGate } from '../support/acme-gate.ts'
import { type BackgroundProcess, startProcess } from '../support/background-process.ts'
import type { KillAtWrite } from '../support/kill-at-write.ts'
import type { Scope } from '../support/scope.ts'

/** One moment at which a process is killed. */
export type Kill = {
  readonly what: string
  readonly number: number
  /** How often an authority is asked whether it is ready differs, so that a run may end before so many steps. */
  readonly isLate: boolean
} & (
  | { readonly at: 'request'; readonly when: 'before' | 'after' }
  | { readonly at: 'change'; readonly when: KillAtWrite['when'] }
)

/** What a process did that nobody killed. */
export interface Steps {
  /** Of the gate, in order. */
  readonly requests: readonly string[]
  /** To the files of the certificates, in order. */
  readonly changes: readonly string[]
}

/** Where a process runs that may be killed. */
export interface Killable {
  readonly command: readonly [string, ...string[]]
  readonly stateDir: string
  readonly gate: AcmeGate
  readonly env?: Readonly<Record<string, string>>
}

const PRELOAD = join(import.meta.dirname, '../support/kill-at-write.ts')

/** By so many steps two runs differ at most. */
const SLACK = 6

/** Every moment of `steps` at which a kill may leave something behind. */
export function allKills({ requests, changes }: Steps): readonly Kill[] {
  return [
    ...requests.flatMap((what, index): readonly Kill[] =>
      (['before', 'after'] as const).map(when => ({
        at: 'request',
        what,
        number: index + 1,
        when,
        isLate: index >= requests.length - SLACK,
      })),
    ),
    ...changes.flatMap((what, index): readonly Kill[] => {
      const whens = what.startsWith('text ')
        ? (['before', 'half', 'after'] as const)
        : (['before', 'after'] as const)
      const isLate = index >= changes.length - SLACK
      return whens.map(when => ({ at: 'change', what, number: index + 1, when, isLate }))
    }),
  ]
}

/** Every `stride`th of `kills`, or all of them with LANDWAITER_KILL=all in the environment. */
export function someKills(kills: readonly Kill[], stride: number): readonly Kill[] {
  return process.env['LANDWAITER_KILL'] === 'all' ? kills : kills.filter((_, index) => index % stride === 0)
}

/** The process, which is killed at one moment; without one it only tells its changes. */
export async function startKillable(
  t: Scope,
  { command, stateDir, gate, env }: Killable,
  kill?: Kill,
): Promise<BackgroundProcess> {
  const change: KillAtWrite = {
    directory: join(stateDir, 'acme'),
    ...(kill?.at === 'change' ? { number: kill.number, when: kill.when } : { number: 0, when: 'before' }),
  }
  const before = gate.requests.length
  const started = await startProcess(t, [process.execPath, '--import', PRELOAD, ...command], {
    env: { ...env, KILL_AT_WRITE: JSON.stringify(change) },
  })
  if (kill?.at === 'request') {
    gate.killAt({ number: before + kill.number, pid: started.pid, when: kill.when })
  }
  return started
}

/** The changes that a process told of, without what differs between two runs. */
export function changesOf(
  { output }: BackgroundProcess,
  { stateDir }: Pick<Killable, 'stateDir'>,
): readonly string[] {
  return [...output().matchAll(/^change \d+: (\S+ \S+)$/gm)].map(([, change = '']) =>
    change.replace(`${stateDir}/`, '').replace(/\.[0-9a-f]{12}\.tmp$/, '.tmp'),
  )
}

export function describeKill({ when, at, number, what }: Kill): string {
  return `${when} ${at} ${number}: ${what}`
}
