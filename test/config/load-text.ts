import type { Test } from 'tap'
import { formatIssue } from '../../src/config/format-issue.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/model/errors.ts'

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
}

/** Loads a text as the file `c.yml`, with files and environment from the parameters only. */
export function loadText(text: string, { env = {}, files = {} }: Surroundings = {}): Promise<LoadedConfig> {
  return loadConfig('c.yml', env, async path => {
    const content = path === 'c.yml' ? text : files[path]
    if (content === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' })
    return content
  })
}

/** What a terminal shows for a text: errors, or warnings and notes. */
export async function report(text: string, surroundings: Surroundings = {}): Promise<readonly string[]> {
  try {
    const { warnings, notes } = await loadText(text, surroundings)
    return [
      ...warnings.map(issue => formatIssue(issue, 'warning')),
      ...notes.map(issue => formatIssue(issue, 'note')),
    ]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.issues.map(issue => formatIssue(issue))
  }
}

/** The least that a file needs, for tests of one section. */
export const MINIMUM = 'users: {}\nacl: []\n'

/** A text, what is printed about it without the file's name, and perhaps its surroundings. */
export type Row = readonly [text: string, lines: readonly string[], surroundings?: Surroundings]

/** Compares what is printed about each text. */
export async function compare(t: Test, rows: readonly Row[]): Promise<void> {
  for (const [text, lines, surroundings] of rows) {
    const expected = lines.map(line => `c.yml:${line}`)
    t.strictSame(await report(text, surroundings), expected, text)
  }
}

/** A section below the minimum, so that it begins on line 3. */
export const below = (section: string) => `${MINIMUM}${section}`
