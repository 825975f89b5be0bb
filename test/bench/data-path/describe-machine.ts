import { arch, cpus, loadavg, release, totalmem } from 'node:os'

/** What the figures depend on: the machine, how busy it was at the start, and the versions. */
export function describeMachine(
  servers: readonly { readonly version: string }[],
): Readonly<Record<string, string>> {
  const processors = cpus()
  return {
    processors: `${processors.length} × ${processors[0]?.model.trim()} (${arch()})`,
    memory: `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`,
    system: `Linux ${release()}`,
    load: loadavg()
      .map(load => load.toFixed(1))
      .join(' '),
    servers: servers.map(({ version }) => version).join(', '),
  }
}

/** Those facts, each on a line. */
export function machineText(machine: Readonly<Record<string, string>>): string {
  return Object.entries(machine)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}
