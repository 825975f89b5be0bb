import { join } from 'node:path'
import type { ClientTrust, Login } from './client-trust.ts'
import { type CommandResult, type Run, runCommand } from './run-command.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** skopeo with credentials of its own. References are `HOST:PORT/NAME:TAG`, layouts `oci:DIR:TAG`. */
export interface Skopeo {
  readonly login: (host: string, login: Login) => Promise<CommandResult>
  readonly logout: (host: string) => Promise<CommandResult>
  /** Pushes an OCI layout; `all` takes every platform of an index. */
  readonly push: (layout: string, ref: string, options?: CopyOptions) => Promise<CommandResult>
  /** Pulls into an OCI layout. */
  readonly pull: (ref: string, layout: string, options?: CopyOptions) => Promise<CommandResult>
  /** Copies between registries; within one it mounts the blobs across repositories. */
  readonly copy: (from: string, to: string, options?: CopyOptions) => Promise<CommandResult>
  /** The raw manifest on standard output. */
  readonly inspect: (ref: string) => Promise<CommandResult>
  readonly listTags: (repository: string) => Promise<CommandResult>
  readonly delete: (ref: string) => Promise<CommandResult>
}

/** `all` copies every image of an index, not just the one for this machine. */
export interface CopyOptions {
  readonly all?: boolean
}

/** A skopeo that is logged in nowhere. */
export function createSkopeo(t: Scope, trust: ClientTrust, run: Run = runCommand): Skopeo {
  const auth = ['--authfile', join(tempDir(t), 'auth.json')]
  // `skopeo copy` has its trust options twice, for the source and for the destination.
  const trusting = (side: '' | 'src-' | 'dest-') =>
    trust.kind === 'ca' ? [`--${side}cert-dir`, trust.certDir] : [`--${side}tls-verify=false`]
  const skopeo = (verb: string, args: readonly string[], input?: string) =>
    run('skopeo', [verb, ...auth, ...args], input === undefined ? {} : { input })
  const copy = (args: readonly string[], { all = false }: CopyOptions = {}) =>
    skopeo('copy', [...(all ? ['--all'] : []), ...args])
  return {
    login: (host, { user, password }) =>
      skopeo('login', [...trusting(''), '-u', user, '--password-stdin', host], password),
    logout: host => skopeo('logout', [host]),
    push: (layout, ref, options) => copy([...trusting('dest-'), layout, `docker://${ref}`], options),
    pull: (ref, layout, options) => copy([...trusting('src-'), `docker://${ref}`, layout], options),
    copy: (from, to, options) =>
      copy([...trusting('src-'), ...trusting('dest-'), `docker://${from}`, `docker://${to}`], options),
    inspect: ref => skopeo('inspect', [...trusting(''), '--raw', `docker://${ref}`]),
    listTags: repository => skopeo('list-tags', [...trusting(''), `docker://${repository}`]),
    delete: ref => skopeo('delete', [...trusting(''), `docker://${ref}`]),
  }
}
