import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { ca } from './ca.ts'
import { canI } from './can-i.ts'
import { check } from './check.ts'
import { EXIT } from './exit-code.ts'
import { hashPassword } from './hash-password.ts'
import { healthcheck } from './healthcheck.ts'
import { serve } from './serve.ts'
import type { Terminal } from './terminal.ts'
import { version } from './version.ts'

const DEFAULT_CONFIG = '/etc/landwaiter/config.yml'

/** Runs one command line (without node and script); resolves to the exit code. Never rejects on bad usage. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.ok
  const program = buildProgram(terminal, result => {
    code = result
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    throw error
  }
}

function buildProgram(terminal: Terminal, finish: (code: number) => void): Command {
  const program = new Command('landwaiter')
    .description('The door of a private container registry')
    .version(terminal.version, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: terminal.print, writeErr: terminal.complain })
    .showHelpAfterError('(see landwaiter --help)')
  addDaemon(program, terminal, finish)
  addPolicy(program, terminal, finish)
  addTools(program, terminal, finish)
  return program
}

function configOption(command: Command, terminal: Terminal): Command {
  const preset = terminal.env['LANDWAITER_CONFIG'] ?? DEFAULT_CONFIG
  return command.option('-c, --config <file>', 'configuration file (LANDWAITER_CONFIG)', preset)
}

function addDaemon(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  const daemon = program
    .command('serve', { isDefault: true })
    .description('serve the registry in the foreground')
    .argument('[file]', 'configuration file, as docker_auth takes it')
  // Compose files and the Helm chart of docker_auth pass these to its logger.
  for (const flag of ['--v <level>', '--log_dir <dir>', '--stderrthreshold <level>', '--vmodule <list>']) {
    daemon.addOption(daemon.createOption(flag).hideHelp())
  }
  for (const flag of ['--logtostderr', '--alsologtostderr']) {
    daemon.addOption(daemon.createOption(`${flag} [value]`).hideHelp())
  }
  configOption(daemon, terminal).action(async (file: string | undefined, { config }: { config: string }) =>
    finish(await serve(file ?? config, terminal)),
  )
  configOption(program.command('check'), terminal)
    .description('check the configuration and the files it names; exit 0 or 3')
    .action(async ({ config }: { config: string }) => finish(await check(config, terminal)))
  configOption(program.command('healthcheck'), terminal)
    .description('ask the running process whether it is ready; exit 0 or 1')
    .action(async ({ config }: { config: string }) => finish(await healthcheck(config, terminal)))
}

interface CanIOptions {
  readonly config: string
  readonly as?: string
  readonly label: Readonly<Record<string, readonly string[]>>
  readonly ip: string
  readonly type: string
  readonly service?: string
}

function addPolicy(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  configOption(program.command('can-i'), terminal)
    .description('say whether the policy allows an action, and by which rule; exit 0 yes, 1 no')
    .argument('<action>', 'pull, push, delete or *')
    .argument('<name[:tag]>', 'repository')
    .option('--as <user>', 'who asks (default: anonymous)')
    .option('--label <name=value>', 'a label of the user, also more than once', collectLabel, {})
    .option('--ip <address>', "the client's address", '')
    .option('--type <type>', 'type of the resource', 'repository')
    .option('--service <name>', 'service of the token')
    .action(async (action: string, name: string, options: CanIOptions) =>
      finish(await canI({ action, name, ...options }, terminal)),
    )
}

function addTools(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command('hash-password')
    .description('hash a password for users: (typed, or one line of standard input)')
    .option('--cost <n>', 'bcrypt cost, 4 to 20', parseCost, 10)
    .action(async ({ cost }: { cost: number }) => finish(await hashPassword(cost, terminal)))
  configOption(program.command('ca'), terminal)
    .description('print the root certificate of tls.mode internal, and how clients come to trust it')
    .action(async ({ config }: { config: string }) => finish(await ca(config, terminal)))
  program
    .command('version')
    .description('print the version')
    .action(() => finish(version(terminal)))
}

function parseCost(text: string): number {
  const cost = Number(text)
  if (Number.isInteger(cost) && cost >= 4 && cost <= 20) return cost
  throw new InvalidArgumentError('a whole number from 4 to 20 is wanted.')
}

function collectLabel(
  text: string,
  labels: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('name=value is wanted.')
  const name = text.slice(0, at)
  return { ...labels, [name]: [...(labels[name] ?? []), text.slice(at + 1)] }
}
