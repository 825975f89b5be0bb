import type { Test } from 'tap'
import type { TestLandwaiter } from '../support/landwaiter.ts'
import type { Descriptor } from '../support/oci-image.ts'
import type { CommandResult } from '../support/run-command.ts'
import { waitFor } from '../support/wait-for.ts'

/** One line of the log, parsed. */
export type Line = ReturnType<TestLandwaiter['audit']>[number]

/** Action, kind, outcome, repository and tag, digest: what was done to what. */
export function subject({ action, kind, outcome, repository, tag, digest }: Line): string {
  const named = tag === undefined ? repository : `${repository}:${tag}`
  return [action, kind, outcome, named, digest].filter(word => word !== undefined).join(' ')
}

/**
 * Checks that a command succeeds and leaves exactly these lines, in any order; tokens are not looked at. The line of
 * a pull is written when its last byte is out, so a client may be gone before.
 */
export function expectLines(
  t: Test,
  { audit }: TestLandwaiter,
): (what: string, run: Promise<CommandResult>, lines: readonly string[]) => Promise<void> {
  return async (what, run, lines) => {
    const operations = () => audit().filter(({ action }) => action !== 'token')
    const before = operations().length
    const { code, stderr } = await run
    t.equal(code, 0, `skopeo ${what}`, code === 0 ? {} : { stderr })
    const expected = [...lines].sort()
    const left = () => operations().slice(before).map(summary).sort()
    await waitFor('all lines', () => left().length >= expected.length, 5_000).catch(() => undefined)
    t.strictSame(left(), expected, `the lines of skopeo when it ${what}`)
  }
}

/** The lines of blobs (or manifests by digest) that were pushed. */
export function pushed(name: string, list: readonly Descriptor[], kind = 'blob'): readonly string[] {
  return list.map(({ digest, size }) => `push ${kind} success ${name} ${digest} size=${size} in=${size}`)
}

/** The lines of blobs (or manifests by digest) that were pulled. */
export function pulled(name: string, list: readonly Descriptor[], kind = 'blob'): readonly string[] {
  return list.map(({ digest, size }) => `pull ${kind} success ${name} ${digest} size=${size} out=${size}`)
}

/** The line of a request, which is written when its last byte is out. */
export function lineOf({ audit }: TestLandwaiter, requestId: string): Promise<Line> {
  return waitFor(`the line of ${requestId}`, () => audit().find(({ id }) => id === requestId), 5_000)
}

function summary(line: Line): string {
  const { previous_digest, from, size, bytes_in, bytes_out } = line
  const facts = { before: previous_digest, from, size, in: bytes_in, out: bytes_out }
  const given = Object.entries(facts).filter(([, value]) => value !== undefined)
  return [subject(line), ...given.map(pair => pair.join('='))].join(' ')
}
