import { join } from 'node:path'
import { type BackgroundProcess, startProcess } from './background-process.ts'
import { readAudit, type TestLandwaiter, writeConfig } from './landwaiter.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** A landwaiter in a process of its own, as an operator runs it. */
export interface LandwaiterProcess
  extends Pick<TestLandwaiter, 'host' | 'adminUrl' | 'auditFile' | 'caFile' | 'audit' | 'dir'>,
    BackgroundProcess {}

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** Starts `landwaiter serve` with the sample configuration, changed by `config`; resolves when it is ready. */
export async function startLandwaiterProcess(
  t: Scope,
  config: Readonly<Record<string, unknown>> = {},
): Promise<LandwaiterProcess> {
  const dir = tempDir(t)
  const file = writeConfig(dir, config)
  const process = await startProcess(t, [globalThis.process.execPath, MAIN, 'serve', '-c', file])
  const ports = await process.ready('ready', () => openPorts(process.output()))
  const auditFile = join(dir, 'audit.jsonl')
  return {
    ...process,
    dir,
    host: `localhost:${ports.https}`,
    adminUrl: `http://127.0.0.1:${ports.admin}`,
    caFile: join(dir, 'state', 'ca', 'ca.pem'),
    auditFile,
    audit: () => readAudit(auditFile),
  }
}

/** Ports of the listeners, once the output of a landwaiter tells them. */
export function openPorts(output: string): { readonly https: number; readonly admin: number } | undefined {
  const line = output.split('\n').find(text => text.includes('"ready"'))
  return line === undefined ? undefined : JSON.parse(line)
}
