import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startProcess } from '../../support/background-process.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import type { LoadOrder } from './load-process.ts'

/** An answer that a client received to its last byte. */
export interface SeenAnswer {
  /** Its `X-Request-Id`. */
  readonly id: string
  readonly method: string
  readonly status: number
  readonly target: string
  /** `CODE: message` of a status from 500 on, else empty. */
  readonly error: string
}

/** Clients at work in another process. */
export interface Load {
  /** Answers so far. */
  readonly count: () => number
  /** Requests so far that were not answered: their connection was lost. */
  readonly lost: () => number
  /** Lets requests end; how many answers there were. They are read with `seenAnswers`. */
  readonly stop: () => Promise<AsyncIterable<SeenAnswer>>
}

/** Starts clients; they end with the test. */
export async function startLoad(t: Scope, order: Omit<LoadOrder, 'file'>): Promise<Load> {
  const file = join(tempDir(t), 'answers')
  const script = join(import.meta.dirname, 'load-process.ts')
  const clients = await startProcess(t, [process.execPath, script, JSON.stringify({ ...order, file })])
  const last = () => /answers (\d+) lost (\d+)\n(?!.*\n)/.exec(clients.output().slice(-64))
  return {
    count: () => Number(last()?.[1] ?? 0),
    lost: () => Number(last()?.[2] ?? 0),
    stop: async () => {
      const code = await clients.stop()
      if (code !== 0) throw new Error(`the clients ended with ${code}\n${clients.output()}`)
      return readAnswers(file)
    },
  }
}

async function* readAnswers(file: string): AsyncIterable<SeenAnswer> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [id = '', method = '', status = '', target = '', ...error] = line.split(' ')
    yield { id, method, status: Number(status), target, error: error.join(' ') }
  }
}
