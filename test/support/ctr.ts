import type { Login } from './client-trust.ts'
import type { DockerEngine } from './docker-engine.ts'
import type { CommandResult } from './run-command.ts'

/** How ctr reaches a registry; without a login it asks as anonymous. */
export interface CtrOptions {
  readonly login?: Login
  /** PEM file; without it the registry is asked over plain HTTP. */
  readonly caFile?: string
}

/** containerd's own client pulls `HOST:PORT/NAME:TAG` into a namespace that the engine does not use. */
export function ctrPull(engine: DockerEngine, ref: string, options: CtrOptions = {}): Promise<CommandResult> {
  const { login, caFile } = options
  return engine.enter('ctr', [
    `--address=${engine.containerd}`,
    '--namespace=test',
    'images',
    'pull',
    ...(caFile === undefined ? ['--plain-http'] : [`--tlscacert=${caFile}`]),
    ...(login === undefined ? [] : [`--user=${login.user}:${login.password}`]),
    ref,
  ])
}
