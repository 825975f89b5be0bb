import { messageOf } from '../model/message-of.ts'

/** Something to look at that does not keep us from serving. */
export interface Degraded {
  readonly degraded: string
}

/** A check answers `undefined` when all is well, else the reason; throwing counts as a reason, too. */
export type ReadinessCheck = () => ReadinessAnswer | Promise<ReadinessAnswer>
type ReadinessAnswer = string | Degraded | undefined

export interface CheckResult {
  readonly name: string
  readonly ok: boolean
  /** `ok`, or why not: one line. */
  readonly message: string
  /** All is served, but somebody should read the message. */
  readonly isDegraded?: true
}

export interface Readiness {
  readonly ready: boolean
  readonly checks: readonly CheckResult[]
}

const DEADLINE_MS = 2_000 // probes of Docker and Kubernetes wait longer than that by default or soon give up

/**
 * A function that runs all checks at once, each for at most `deadlineMs`. A check that hangs is not started again
 * while it is running. Never rejects.
 */
export function createReadiness(
  checks: Readonly<Record<string, ReadinessCheck>>,
  deadlineMs = DEADLINE_MS,
): () => Promise<Readiness> {
  const running = new Map<string, Promise<CheckResult>>()

  function start(name: string, check: ReadinessCheck): Promise<CheckResult> {
    const result = runCheck(name, check).finally(() => running.delete(name))
    running.set(name, result)
    return result
  }
  return async () => {
    const results = await Promise.all(
      Object.entries(checks).map(([name, check]) =>
        withDeadline(name, running.get(name) ?? start(name, check), deadlineMs),
      ),
    )
    return { ready: results.every(result => result.ok), checks: results }
  }
}

/**
 * Text of a readiness answer in the manner of the Kubernetes API server: `ok`, or one line per check when
 * `verbose` or not ready.
 */
export function formatReadiness(result: Readiness, { verbose }: { readonly verbose: boolean }): string {
  if (result.ready && !verbose) return 'ok\n'
  const lines = result.checks.map(({ name, ok, message, isDegraded }) => {
    if (!ok) return `[-]${name} failed: ${message}`
    return isDegraded ? `[!]${name} ok, but ${message}` : `[+]${name} ok`
  })
  return `${[...lines, `readyz check ${result.ready ? 'passed' : 'failed'}`].join('\n')}\n`
}

async function runCheck(name: string, check: ReadinessCheck): Promise<CheckResult> {
  try {
    const reason = await check()
    if (typeof reason === 'object') {
      return { name, ok: true, message: oneLine(reason.degraded), isDegraded: true }
    }
    return { name, ok: reason === undefined, message: oneLine(reason ?? 'ok') }
  } catch (error) {
    return { name, ok: false, message: oneLine(messageOf(error)) }
  }
}

async function withDeadline(
  name: string,
  result: Promise<CheckResult>,
  deadlineMs: number,
): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CheckResult>(resolve => {
    timer = setTimeout(resolve, deadlineMs, { name, ok: false, message: `no answer within ${deadlineMs} ms` })
  })
  try {
    return await Promise.race([result, late])
  } finally {
    clearTimeout(timer)
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, 500)
}
