import type { Login } from './client-trust.ts'
import type { DockerEngine } from './docker-engine.ts'
import type { CommandResult } from './run-command.ts'

/**
 * How ctr reaches a registry; without a login it asks as anonymous. `caFile` is a PEM file; without it the registry is
 * asked over plain HTTP, as ctr does for `localhost` in any case.
 */
export interface CtrOptions {
  readonly login?: Login
  readonly caFile?: string
}

/** containerd's own client, with the images of a namespace that the engine does not use. */
export interface Ctr {
  /** Pulls `HOST:PORT/NAME:TAG` for linux/amd64. */
  readonly pull: (ref: string, options?: CtrOptions) => Promise<CommandResult>
  /** Pushes the image `local` under the name `ref`. */
  readonly push: (ref: string, local: string, options?: CtrOptions) => Promise<CommandResult>
}

/** ctr for the containerd of a Docker engine. */
export function createCtr(engine: DockerEngine): Ctr {
  const images = (verb: string, { login, caFile }: CtrOptions, ...args: readonly string[]) =>
    engine.enter('ctr', [
      `--address=${engine.containerd}`,
      '--namespace=test',
      'images',
      verb,
      ...(caFile === undefined ? ['--plain-http'] : [`--tlscacert=${caFile}`]),
      ...(login === undefined ? [] : [`--user=${login.user}:${login.password}`]),
      '--platform=linux/amd64',
      ...args,
    ])
  return {
    pull: (ref, options = {}) => images('pull', options, ref),
    push: (ref, local, options = {}) => images('push', options, ref, local),
  }
}
