import { join } from 'node:path'
import { startProcess } from '../../support/background-process.ts'
import type { Scope } from '../../support/scope.ts'

/** An upstream that takes uploads as a registry does and keeps nothing; stopped at teardown. */
export interface Sink {
  /** `127.0.0.1:PORT`. */
  readonly host: string
  readonly pid: number
}

/** Starts the sink in a process of its own; resolves when it listens. */
export async function startSink(t: Scope): Promise<Sink> {
  const sink = await startProcess(t, [process.execPath, join(import.meta.dirname, 'sink-process.ts')])
  const port = await sink.ready('the sink listens', () => /^port (\d+)$/m.exec(sink.output())?.[1])
  return { host: `127.0.0.1:${port}`, pid: sink.pid }
}
