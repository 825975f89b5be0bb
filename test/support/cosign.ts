import { findPrepared } from './find-prepared.ts'
import { type CommandResult, runCommand } from './run-command.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** cosign without its public services: keys, no transparency log. `image` is `HOST:PORT/NAME@DIGEST`. */
export interface Cosign {
  /** Makes `NAME.key` and `NAME.pub` in `dir`. */
  readonly generateKeyPair: (name: string) => Promise<CommandResult>
  readonly sign: (key: string, image: string, ...flags: readonly string[]) => Promise<CommandResult>
  readonly verify: (key: string, image: string, ...flags: readonly string[]) => Promise<CommandResult>
  /** Attests that a file of its own is about the image. */
  readonly attest: (key: string, image: string, predicate: string) => Promise<CommandResult>
  readonly dir: string
}

/** The cosign at `path`, with a home of its own; 2 and 3 need different words for "without a log". */
export async function createCosign(t: Scope, path: string): Promise<Cosign> {
  const dir = tempDir(t)
  const options = { cwd: dir, env: { HOME: dir, COSIGN_PASSWORD: '', COSIGN_EXPERIMENTAL: '1' } }
  const cosign = (...args: readonly string[]) => runCommand(path, args, options)
  const help = await cosign('sign', '--help')
  const hasSigningConfig = help.stdout.includes('--use-signing-config')
  const offline = [
    '--tlog-upload=false',
    ...(hasSigningConfig ? ['--use-signing-config=false'] : []),
    '--yes',
  ]
  return {
    dir,
    generateKeyPair: name => cosign('generate-key-pair', `--output-key-prefix=${name}`),
    sign: (key, image, ...flags) => cosign('sign', `--key=${key}.key`, ...offline, ...flags, image),
    verify: (key, image, ...flags) =>
      cosign('verify', `--key=${key}.pub`, '--insecure-ignore-tlog', ...flags, image),
    attest: (key, image, predicate) =>
      cosign('attest', `--key=${key}.key`, ...offline, `--predicate=${predicate}`, '--type=custom', image),
  }
}

/** Path of the cosign that test/prepare.sh made available. Throws when there is none. */
export function findCosign(): string {
  return findPrepared('cosign', 'cosign')
}
