import type { Test } from 'tap'
import type { OutageSite } from './outage-site.ts'
import { readLog, type WholeLog } from './read-log.ts'
import type { Load, SeenAnswer } from './start-load.ts'

/** A run with an outage that is over. */
export interface EndedRun {
  /** Answers without a line, of the load and to the site's own requests. */
  readonly lost: readonly SeenAnswer[]
  /** Lines that the log says are lost. */
  readonly told: number
}

/** Ends clients and server, and checks what holds whatever happened to the disk. */
export async function endRun(
  t: Test,
  {
    site,
    load,
    stop,
  }: { readonly site: OutageSite; readonly load: Load; readonly stop: () => Promise<unknown> },
): Promise<EndedRun> {
  const answers = await load.stop()
  t.equal(await stop(), 0)
  const log = await readLog(site.auditFile)
  const seen = [...site.asked]
  for await (const answer of answers) seen.push(answer)
  const lost = seen.filter(({ id }) => !log.ids.has(id))
  checkAnswers(t, seen, lost)
  checkLog(t, log)
  const told = log.jumps.reduce((sum, { missing }) => sum + missing, 0)
  const { code, stdout, stderr } = await site.verify()
  t.equal(code, 0, stdout + stderr)
  t.comment(
    `${seen.length} answers, ${load.lost()} connections lost, ${log.lines} lines in ${log.files} files, ${lost.length} answers without a line, ${told} told of`,
  )
  return { lost, told }
}

function checkAnswers(t: Test, seen: readonly SeenAnswer[], lost: readonly SeenAnswer[]): void {
  const confirmed = seen.filter(isMutation)
  t.ok(confirmed.length > 10, `${confirmed.length} pushes and deletes are confirmed`)
  t.strictSame(lost.filter(isMutation), [], 'what was confirmed has its line')
  const refused = seen.filter(({ status, method }) => status === 503 && method !== 'HEAD')
  t.strictSame(
    refused.filter(({ error }) => !error.startsWith('UNAVAILABLE: the audit log cannot be written')),
    [],
    `${refused.length} were refused and told why`,
  )
}

function checkLog(t: Test, log: WholeLog): void {
  const doubled = [...log.ids].filter(([, times]) => times > 1)
  t.strictSame(doubled, [], 'no line is there twice')
  t.strictSame(log.torn, [])
  t.equal(log.brokenLinks, 0)
  const untold = log.jumps.filter(
    ({ line, missing }) => line['action'] !== 'audit.gap' || line['count'] !== missing,
  )
  t.strictSame(untold, [], 'where numbers are missing, a line says how many')
}

function isMutation({ method, status }: SeenAnswer): boolean {
  return status < 300 && method !== 'GET' && method !== 'HEAD'
}
