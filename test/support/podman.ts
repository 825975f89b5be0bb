import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientTrust, Login } from './client-trust.ts'
import { type CommandResult, type Run, runCommand } from './run-command.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** podman with images and credentials of its own. References are `HOST:PORT/NAME:TAG`. */
export interface Podman {
  readonly login: (host: string, login: Login) => Promise<CommandResult>
  readonly logout: (host: string) => Promise<CommandResult>
  readonly pull: (ref: string) => Promise<CommandResult>
  readonly push: (image: string, ref: string) => Promise<CommandResult>
  /** Makes `name` from an OCI layout, `oci:DIR:TAG`. */
  readonly load: (layout: string, name: string) => Promise<CommandResult>
  readonly tag: (image: string, name: string) => Promise<CommandResult>
  readonly inspect: (image: string) => Promise<CommandResult>
  readonly remove: (image: string) => Promise<CommandResult>
}

/** A podman that has no images and is logged in nowhere. */
export function createPodman(t: Scope, trust: ClientTrust, run: Run = runCommand): Podman {
  const dir = tempDir(t)
  // vfs works on every file system and leaves no mounts behind; cgroupfs and file do without systemd.
  const own = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--tmpdir', join(dir, 'tmp')]
  const global = [...own, '--storage-driver=vfs', '--cgroup-manager=cgroupfs', '--events-backend=file']
  const authFile = join(dir, 'auth.json')
  const auth = ['--authfile', authFile]
  writeFileSync(authFile, '{}') // podman refuses to name a file that is not there
  const trusting = trust.kind === 'ca' ? ['--cert-dir', trust.certDir] : ['--tls-verify=false']
  const podman = (args: readonly string[], input?: string) =>
    run('podman', [...global, ...args], {
      ...(input === undefined ? {} : { input }),
    })
  return {
    login: (host, { user, password }) =>
      podman(['login', ...auth, ...trusting, '-u', user, '--password-stdin', host], password),
    logout: host => podman(['logout', ...auth, host]),
    pull: ref => podman(['pull', ...auth, ...trusting, ref]),
    push: (image, ref) => podman(['push', ...auth, ...trusting, image, ref]),
    load: (layout, name) =>
      run('skopeo', ['copy', layout, `containers-storage:[vfs@${dir}/root+${dir}/run]${name}`]),
    tag: (image, name) => podman(['tag', image, name]),
    inspect: image => podman(['image', 'inspect', image]),
    remove: image => podman(['rmi', '--force', image]),
  }
}
