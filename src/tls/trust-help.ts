import { isIPv6 } from 'node:net'

/** The root to trust and the hosts that it vouches for. */
export interface TrustHelpOptions {
  /** PEM. */
  readonly certificate: string
  /** Host names or addresses as clients type them, without a port. */
  readonly hosts: readonly string[]
  /** Port that clients use; it is part of the path that they look at unless it is 443. */
  readonly port: number
}

/**
 * The root's PEM, then how clients trust it, as `#` lines: the whole text is a valid CA file, too.
 * Paths: docker "certs.d", containers-certs.d(5), containerd "hosts.toml".
 */
export function trustHelp({ certificate, hosts, port }: TrustHelpOptions): string {
  const authorities = hosts.map(host => authority(host, port))
  const lines = [
    'Save this certificate as landwaiter-ca.crt on every machine that uses the registry:',
    '',
    '  landwaiter ca > landwaiter-ca.crt',
    '',
    'It can be public; never copy ca.key. Then, on that machine, as root:',
    '',
    ...section('docker (no restart needed)', authorities.flatMap(dockerLines)),
    ...section('podman, skopeo, buildah', authorities.flatMap(containersLines)),
    ...section('containerd, nerdctl, ctr (with config_path or --hosts-dir /etc/containerd/certs.d)', [
      ...authorities.flatMap(containerdLines),
      ...authorities.map(name => `or once: ctr images pull --tlscacert landwaiter-ca.crt ${name}/NAME:TAG`),
    ]),
    ...section('or the whole system (restart dockerd and containerd afterwards)', SYSTEM_LINES),
  ]
  const comments = lines.map(line => (line === '' ? '#' : `# ${line}`))
  return `${certificate.trimEnd()}\n${comments.join('\n')}\n`
}

const SYSTEM_LINES = [
  'Debian, Ubuntu, Alpine:',
  '  cp landwaiter-ca.crt /usr/local/share/ca-certificates/ && update-ca-certificates',
  'Fedora, RHEL:',
  '  cp landwaiter-ca.crt /etc/pki/ca-trust/source/anchors/ && update-ca-trust',
  'macOS (restart Docker Desktop):',
  '  security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain landwaiter-ca.crt',
]

function section(title: string, commands: readonly string[]): readonly string[] {
  return [`${title}:`, ...commands.map(command => `  ${command}`), '']
}

function dockerLines(name: string): readonly string[] {
  return copyTo(`/etc/docker/certs.d/${name}`)
}

function containersLines(name: string): readonly string[] {
  return copyTo(`/etc/containers/certs.d/${name}`)
}

function containerdLines(name: string): readonly string[] {
  const directory = `/etc/containerd/certs.d/${name}`
  const hosts = `[host."https://${name}"]\\n  ca = "${directory}/ca.crt"\\n`
  return [...copyTo(directory), `printf '${hosts}' > '${directory}/hosts.toml'`]
}

function copyTo(directory: string): readonly string[] {
  return [`mkdir -p '${directory}' && cp landwaiter-ca.crt '${directory}/ca.crt'`]
}

function authority(host: string, port: number): string {
  const name = isIPv6(host) ? `[${host}]` : host
  return port === 443 ? name : `${name}:${port}`
}
