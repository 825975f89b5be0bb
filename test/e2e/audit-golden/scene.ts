import { existsSync } from 'node:fs'
import type { AuditRecord } from '../../../src/audit/audit-fields.ts'
import { auditRecords } from '../../support/audit-lines.ts'
import { waitFor } from '../../support/wait-for.ts'

const DEADLINE_MS = 60_000

/** What a line is to have; action, kind and outcome at least. */
export type Sought = Pick<AuditRecord, 'action' | 'kind' | 'outcome'> & Partial<AuditRecord>

/** Something that is done to a landwaiter, and the lines of it that are kept. */
export interface Scene {
  /** What happens, in words. */
  readonly title: string
  readonly run: () => unknown
  readonly shows: readonly Sought[]
}

/** Scenes, and the logs that their lines come to. */
export interface Stage {
  readonly files: readonly string[]
  readonly scenes: readonly Scene[]
}

/** A line of the log, and the scene that made it. */
export interface Shown {
  readonly title: string
  readonly line: AuditRecord
}

/** Plays scenes one after the other; the first line of each kind that a scene shows, in any of the logs. Rejects when one does not come. */
export async function playScenes({ files, scenes }: Stage): Promise<readonly Shown[]> {
  const shown: Shown[] = []
  for (const { title, run, shows } of scenes) {
    const before = new Map(files.map(file => [file, linesOf(file).at(-1)?.seq ?? 0]))
    const since = () =>
      files.flatMap(file => linesOf(file).filter(({ seq }) => seq > (before.get(file) ?? 0)))
    await run()
    for (const sought of shows) {
      const find = () => since().find(line => isSought(line, sought))
      shown.push({ title, line: await waitFor(`${title}: ${keyOf(sought)}`, find, DEADLINE_MS) })
    }
  }
  return shown
}

/** What alerts go by. */
export function keyOf({ action, kind, outcome }: Sought): string {
  return `${action} ${kind} ${outcome}`
}

function isSought(line: AuditRecord, sought: Sought): boolean {
  return Object.entries(sought).every(([key, value]) => line[key as keyof AuditRecord] === value)
}

function linesOf(file: string): readonly AuditRecord[] {
  return existsSync(file) ? auditRecords(file) : []
}
