import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type BackgroundProcess, startProcess } from './background-process.ts'
import type { ClientPair } from './client-ca.ts'
import type { Login } from './client-trust.ts'
import { type CommandOptions, type CommandResult, type Run, runCommand } from './run-command.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** Debian's, which needs no plugin to build; another docker earlier on the PATH may. */
const DOCKER = '/usr/bin/docker'
const LOOPBACK = '127.0.0.1'
const LOOPBACKS = [LOOPBACK, '::1']
const SYSTEM_PLUGINS = ['/usr/libexec', '/usr/lib', '/usr/local/libexec', '/usr/local/lib']

/**
 * `host`: the engine shares the network of the test and reaches its loopback ports; containers have no network of
 * their own. `private`: a network of its own with bridges, published ports and names, which only `enter` reaches.
 */
export interface DockerEngineOptions {
  readonly network?: 'host' | 'private'
  /** Names that mean `address` to the engine and to commands run by `enter`. */
  readonly hosts?: readonly string[]
  /**
   * 127.0.0.1 unless told, where docker checks no certificate; it does at ::1. Any other is made the engine's own, so
   * needs a private network.
   */
  readonly address?: string
}

/** A Docker engine of the test's own, with its own images, names and trusted certificates. */
export interface DockerEngine {
  /** Runs `docker ARGS` against this engine. */
  readonly docker: (args: readonly string[], options?: CommandOptions) => Promise<CommandResult>
  /** Runs any command in the engine's network, with its names and its docker environment. */
  readonly enter: Run
  /** Starts a program there that runs beside the test; stopped at teardown, before the engine. */
  readonly start: (
    command: readonly string[],
    options?: Pick<CommandOptions, 'env' | 'cwd'>,
  ) => Promise<BackgroundProcess>
  readonly login: (host: string, login: Login) => Promise<CommandResult>
  readonly logout: (host: string) => Promise<CommandResult>
  readonly push: (ref: string) => Promise<CommandResult>
  readonly pull: (ref: string) => Promise<CommandResult>
  /** Makes `name` from an OCI layout, `oci:DIR:TAG`. */
  readonly load: (layout: string, name: string) => Promise<CommandResult>
  /**
   * Lets the engine, and ctr by `--tlscacert`, trust a registry: HOST:PORT by the CA in `caFile`. The engine shows it
   * the client certificate `client`.
   */
  readonly trust: (host: string, caFile: string, client?: Pick<ClientPair, 'certFile' | 'keyFile'>) => void
  /** The address of the engine's containerd. */
  readonly containerd: string
  readonly log: () => string
}

/** Why no Docker engine can run here, or false. For tap's `skip`. */
export function dockerUnavailable(): string | false {
  return process.getuid?.() === 0 ? false : 'a Docker engine needs root'
}

/** Starts a Docker engine in 0.3 s; stopped with its containers, and removed, at teardown. */
export async function startDockerEngine(t: Scope, options: DockerEngineOptions = {}): Promise<DockerEngine> {
  const dir = tempDir(t)
  const env = {
    DOCKER_HOST: `unix://${dir}/docker.sock`,
    DOCKER_CONFIG: join(dir, 'config'),
    DOCKER_CONTEXT: undefined,
  }
  linkPlugins(join(dir, 'config/cli-plugins'))
  mkdirSync(join(dir, 'etc/certs.d'), { recursive: true })
  const { hosts = [], address = LOOPBACK } = options
  writeFileSync(
    join(dir, 'hosts'),
    [`${LOOPBACK} localhost\n`, ...hosts.map(name => `${address} ${name}\n`)].join(''),
  )
  const daemon = await startProcess(t, daemonCommand(dir, options.network ?? 'host', address))
  const inside = [`--target=${daemon.pid}`, '--net', '--mount', '--']
  const enter: Run = (file, args, more = {}) =>
    runCommand('nsenter', [...inside, file, ...args], {
      ...more,
      env: { ...env, ...more.env },
    })
  const docker = (args: readonly string[], more: CommandOptions = {}) => enter(DOCKER, args, more)
  t.teardown(() => removeContainers(docker))
  await daemon.ready('docker engine answers', async () => (await docker(['version'])).code === 0)
  return {
    docker,
    enter,
    start: (command, more) => startProcess(t, ['nsenter', ...inside, ...command], more),
    login: (host, { user, password }) =>
      docker(['login', '-u', user, '--password-stdin', host], { input: password }),
    logout: host => docker(['logout', host]),
    push: ref => docker(['push', ref]),
    pull: ref => docker(['pull', ref]),
    load: (layout, name) =>
      enter('skopeo', [
        'copy',
        layout,
        `docker-daemon:${name}`,
        `--dest-daemon-host=unix://${dir}/docker.sock`,
      ]),
    trust: (host, caFile, client) => {
      const certs = join(dir, 'etc/certs.d', host)
      mkdirSync(certs, { recursive: true })
      copyFileSync(caFile, join(certs, 'ca.crt'))
      if (client === undefined) return
      copyFileSync(client.certFile, join(certs, 'client.cert'))
      copyFileSync(client.keyFile, join(certs, 'client.key'))
    },
    containerd: join(dir, 'exec/containerd/containerd.sock'),
    log: daemon.output,
  }
}

/**
 * The engine in a mount namespace of its own, where /etc/hosts and /etc/docker are files of the test: nothing of the
 * machine's is changed, and every mount is gone with the engine.
 */
function daemonCommand(
  dir: string,
  network: 'host' | 'private',
  address: string,
): readonly [string, ...string[]] {
  const script = [
    `mkdir -p /etc/docker && mount --bind ${dir}/etc /etc/docker && mount --bind ${dir}/hosts /etc/hosts`,
    network === 'private' ? 'ip link set lo up' : 'true',
    LOOPBACKS.includes(address) ? 'true' : `ip address add ${address}/32 dev lo`,
    'exec dockerd "$@"',
  ].join(' && ')
  const networking =
    network === 'private'
      ? ['--bip=10.88.0.1/24', '--default-address-pool=base=10.89.0.0/16,size=24']
      : ['--iptables=false', '--ip6tables=false', '--bridge=none']
  const namespaces = network === 'private' ? ['--mount', '--net'] : ['--mount']
  return [
    ...(['unshare', ...namespaces, '--', 'sh', '-c', script, 'dockerd'] as const),
    `--data-root=${dir}/data`,
    `--exec-root=${dir}/exec`,
    `--host=unix://${dir}/docker.sock`,
    `--pidfile=${dir}/docker.pid`,
    ...networking,
  ]
}

function linkPlugins(into: string): void {
  mkdirSync(into, { recursive: true })
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const roots = [...SYSTEM_PLUGINS, join(cache, 'landwaiter/docker-compose/usr/libexec')]
  const compose = roots.map(root => join(root, 'docker/cli-plugins/docker-compose')).find(existsSync)
  if (compose !== undefined) symlinkSync(compose, join(into, 'docker-compose'))
}

async function removeContainers(docker: DockerEngine['docker']): Promise<void> {
  const { code, stdout } = await docker(['ps', '--all', '--quiet'])
  const ids = stdout.split('\n').filter(id => id !== '')
  if (code === 0 && ids.length > 0) await docker(['rm', '--force', '--volumes', ...ids])
}
