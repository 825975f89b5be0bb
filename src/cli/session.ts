import type { Command } from 'commander'
import type { GlogFlags } from './glog-flags.ts'
import type { Terminal } from './terminal.ts'

/** What the commands share: the process, docker_auth's flags, and where the exit code goes. */
export interface Session {
  readonly terminal: Terminal
  readonly glog: GlogFlags
  readonly finish: (code: number) => void
}

export interface ConfigOption {
  readonly config?: string
}

/** Gives a command the option that names the configuration file. */
export function configurable(command: Command): Command {
  return command.option('-c, --config <file>', 'configuration file')
}
