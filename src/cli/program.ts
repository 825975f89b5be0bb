import { isIP } from 'node:net'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { nearest } from '../config/nearest.ts'
import type { Labels } from '../model/subject.ts'
import { addAudit } from './audit-commands.ts'
import { addCert } from './cert-commands.ts'
import { configFile, DEFAULT_CONFIG } from './default-config.ts'
import { EXIT } from './exit-code.ts'
import { takeGlogFlags } from './glog-flags.ts'
import { type ConfigOption, configurable, type Session } from './session.ts'
import type { Terminal } from './terminal.ts'

const AFTER_HELP = `
The configuration file is the one of -c, else LANDWAITER_CONFIG, else
${DEFAULT_CONFIG}.
Exit codes: 0 ok or yes, 1 failed or no, 2 wrong usage, 3 faulty configuration.`

const CAN_I_EXAMPLES = `
Examples:
  landwaiter can-i push team/app:1.0 --as developer
  landwaiter can-i pull,push team/app --as new-user --label team=backend
  landwaiter can-i '*' catalog --type registry --as admin`

/** Runs one command line (without node and script); resolves to the exit code. Never rejects on bad usage. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.ok
  const finish = (result: number) => {
    code = result
  }
  const glog = takeGlogFlags(args)
  const program = buildProgram({ terminal, glog, finish })
  try {
    refuseUnknownWord(program, glog.rest)
    await program.parseAsync([...glog.rest], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    throw error
  }
}

/** The word in front may be a file, as docker_auth takes it; without any mark of a path it is a mistyped command. */
function refuseUnknownWord(program: Command, args: readonly string[]): void {
  const known = [...program.commands.map(command => command.name()), 'help']
  const word = args[0] === 'help' ? args[1] : args[0]
  if (word === undefined || known.includes(word) || !/^[a-z][a-z-]*$/i.test(word)) return
  const meant = nearest(word, known)
  const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`
  program.error(`error: unknown command "${word}"${hint}`)
}

// Commands load what they need when they run: most would else wait for the whole server.
function buildProgram(session: Session): Command {
  const { terminal } = session
  const program = new Command('landwaiter')
    .description('The door of a private container registry.')
    .usage('[command] [options]')
    .version(terminal.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', AFTER_HELP)
    .configureHelp({ subcommandTerm: termOf })
    .configureOutput({
      writeOut: terminal.print,
      writeErr: terminal.complain,
      outputError: (text, write) => write(`${oneLine(text)}; see landwaiter --help\n`),
    })
    .exitOverride()
  addServe(program, session)
  addCheck(program, session)
  addCanI(program, session)
  addWhoCan(program, session)
  addPolicy(program, session)
  addHashPassword(program, session)
  addCa(program, session)
  addCert(program, session)
  addAudit(program, session)
  addHealthcheck(program, session)
  addReload(program, session)
  addVersion(program, session)
  return program
}

function termOf(command: Command): string {
  const terms = command.registeredArguments.map(argument =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  )
  return [command.name(), ...terms].join(' ')
}

function oneLine(text: string): string {
  return text.trim().replaceAll('\n', ' ').replace(/\.$/, '')
}

function addServe(program: Command, { terminal, glog, finish }: Session): void {
  configurable(program.command('serve', { isDefault: true }))
    .description('serve the registry (also without a command)')
    .argument('[file]', 'configuration file, as docker_auth takes it')
    .action(async (file: string | undefined, { config }: ConfigOption, command: Command) => {
      if (file !== undefined && config !== undefined) {
        command.error(`error: two configuration files are given, ${config} and ${file}`)
      }
      const { serve } = await import('./serve.ts')
      finish(await serve(configFile(config ?? file, terminal), terminal, glog))
    })
}

function addCheck(program: Command, { terminal, finish }: Session): void {
  configurable(program.command('check'))
    .description('find faults in the configuration and its files')
    .action(async ({ config }: ConfigOption) => {
      const { check } = await import('./check.ts')
      finish(await check(configFile(config, terminal), terminal))
    })
}

/** What the questions to the policy share. */
interface QuestionOptions extends ConfigOption {
  readonly label?: Labels
  readonly ip?: string
  readonly type: string
  readonly service?: string
}

function questionable(command: Command): Command {
  return configurable(command)
    .argument('<action>', 'pull, push, delete or *; several with commas')
    .argument('<name[:tag]>', 'repository')
    .option('--ip <address>', 'address of the client', parseAddress)
    .option('--type <type>', 'type of the resource', 'repository')
    .option('--service <name>', 'service of the token (default: token.service)')
}

function addCanI(program: Command, { terminal, finish }: Session): void {
  questionable(program.command('can-i').alias('explain'))
    .description('say whether something is allowed, and why')
    .option('--as <user>', 'who asks (default: somebody without a login)')
    .option('--label <name=value>', "label in place of the user's own; may be repeated", collectLabel)
    .addHelpText('after', CAN_I_EXAMPLES)
    .action(async (action: string, name: string, options: QuestionOptions & { readonly as?: string }) => {
      const { canI } = await import('./can-i.ts')
      const config = configFile(options.config, terminal)
      finish(await canI({ action, name, label: {}, ...options, config }, terminal))
    })
}

function addWhoCan(program: Command, { terminal, finish }: Session): void {
  questionable(program.command('who-can'))
    .description('list the users who may do something')
    .action(async (action: string, name: string, options: QuestionOptions) => {
      const { whoCan } = await import('./who-can.ts')
      const config = configFile(options.config, terminal)
      finish(await whoCan({ action, name, label: {}, ...options, config }, terminal))
    })
}

function addPolicy(program: Command, { terminal, finish }: Session): void {
  const policy = program.command('policy').description('work on the rules').helpCommand(false)
  configurable(policy.command('test').argument('<file>', 'YAML list of who, action, name, expect'))
    .description('hold the rules against a file of expectations')
    .action(async (file: string, options: ConfigOption) => {
      const { policyTest } = await import('./policy-test.ts')
      finish(await policyTest({ file, config: configFile(options.config, terminal) }, terminal))
    })
}

function addHashPassword(program: Command, { terminal, finish }: Session): void {
  program
    .command('hash-password')
    .description('make the bcrypt hash of a password')
    .option('--cost <n>', 'bcrypt cost, 4 to 20', parseCost, 10)
    .action(async ({ cost }: { readonly cost: number }) => {
      const { hashPassword } = await import('./hash-password.ts')
      finish(await hashPassword(cost, terminal))
    })
}

function addCa(program: Command, { terminal, finish }: Session): void {
  configurable(program.command('ca'))
    .description('print the root certificate and how to trust it')
    .action(async ({ config }: ConfigOption) => {
      const { ca } = await import('./ca.ts')
      finish(await ca(configFile(config, terminal), terminal))
    })
}

function addReload(program: Command, { terminal, finish }: Session): void {
  configurable(program.command('reload'))
    .description('take over a changed configuration')
    .action(async ({ config }: ConfigOption) => {
      const { reload } = await import('./reload.ts')
      finish(await reload(configFile(config, terminal), terminal))
    })
}

function addHealthcheck(program: Command, { terminal, finish }: Session): void {
  configurable(program.command('healthcheck'))
    .description('ask the running server whether it is ready')
    .action(async ({ config }: ConfigOption) => {
      const { healthcheck } = await import('./healthcheck.ts')
      finish(await healthcheck(configFile(config, terminal), terminal))
    })
}

function addVersion(program: Command, { terminal, finish }: Session): void {
  program
    .command('version')
    .description('print the version, and that of Node')
    .action(async () => {
      const { version } = await import('./version.ts')
      finish(version(terminal))
    })
}

function parseCost(text: string): number {
  const cost = Number(text)
  if (Number.isInteger(cost) && cost >= 4 && cost <= 20) return cost
  throw new InvalidArgumentError('It takes a whole number from 4 to 20')
}

function parseAddress(text: string): string {
  if (isIP(text) !== 0) return text
  throw new InvalidArgumentError('It takes an IPv4 or IPv6 address')
}

function collectLabel(text: string, labels: Labels = {}): Labels {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It takes name=value')
  const name = text.slice(0, at)
  const values = Object.hasOwn(labels, name) ? (labels[name] ?? []) : []
  return { ...labels, [name]: [...values, text.slice(at + 1)] }
}
