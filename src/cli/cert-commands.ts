import { type Command, InvalidArgumentError, Option } from 'commander'
import { REVOCATION_REASONS } from '../model/certificate-authority.ts'
import { configFile } from './default-config.ts'
import { type ConfigOption, configurable, type Session } from './session.ts'

/** Adds `cert status|renew|revoke|import|export`. */
export function addCert(program: Command, session: Session): void {
  const cert = program.command('cert').description('see to the certificates').helpCommand(false)
  addStatus(cert, session)
  addRenew(cert, session)
  addRevoke(cert, session)
  addImport(cert, session)
  addExport(cert, session)
}

interface StatusOptions extends ConfigOption {
  readonly output: 'text' | 'json'
}

function addStatus(cert: Command, { terminal, finish }: Session): void {
  configurable(cert.command('status').argument('[name]', 'only the certificate of this name'))
    .description('say how the certificates are doing')
    .addOption(new Option('-o, --output <form>', 'how').choices(['text', 'json']).default('text'))
    .action(async (name: string | undefined, { config, output }: StatusOptions) => {
      const { certStatus } = await import('./cert-status.ts')
      finish(await certStatus({ config: configFile(config, terminal), name, output }, terminal))
    })
}

function addRenew(cert: Command, { terminal, finish }: Session): void {
  configurable(cert.command('renew').argument('[name]', 'only the certificate of this name'))
    .description('have the running server get new certificates now')
    .action(async (name: string | undefined, { config }: ConfigOption) => {
      const { certRenew } = await import('./cert-renew.ts')
      finish(await certRenew({ config: configFile(config, terminal), name }, terminal))
    })
}

interface RevokeOptions extends ConfigOption {
  readonly reason: string
  readonly yes?: true
}

function addRevoke(cert: Command, { terminal, finish }: Session): void {
  const reasons = Object.keys(REVOCATION_REASONS)
  configurable(cert.command('revoke').argument('<name>', 'name of the certificate'))
    .description('have the authority revoke a certificate, and get another')
    .addOption(new Option('--reason <word>', 'why').choices(reasons).default('unspecified'))
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, { config, reason, yes }: RevokeOptions, command: Command) => {
      if (yes !== true && !terminal.isTyped) {
        command.error('error: nobody can be asked here whether to revoke; say --yes')
      }
      const { certRevoke } = await import('./cert-revoke.ts')
      const asked = { config: configFile(config, terminal), name, reason, isSure: yes === true }
      finish(await certRevoke(asked, terminal))
    })
}

const IMPORT_EXAMPLES = `
Examples:
  landwaiter cert import /data/caddy              Caddy's folder or volume
  landwaiter cert import fullchain.pem privkey.pem`

function addImport(cert: Command, { terminal, finish }: Session): void {
  configurable(cert.command('import'))
    .argument('<path>', "Caddy's data folder, or a PEM certificate with its chain")
    .argument('[key]', 'PEM private key, when the certificate file has none')
    .description('take over certificates from Caddy or from PEM files')
    .addHelpText('after', IMPORT_EXAMPLES)
    .action(async (path: string, key: string | undefined, { config }: ConfigOption) => {
      const { certImport } = await import('./cert-import.ts')
      finish(await certImport({ config: configFile(config, terminal), path, key }, terminal))
    })
}

interface ExportOptions extends ConfigOption {
  readonly mode?: number
}

function addExport(cert: Command, { terminal, finish }: Session): void {
  configurable(cert.command('export'))
    .argument('<name>', 'name of the certificate')
    .argument('<dir>', 'where the PEM files go')
    .description('write a certificate and its key for other programs')
    .option('--mode <bits>', 'permissions of the key (default: 0600)', parseMode)
    .action(async (name: string, directory: string, { config, mode }: ExportOptions) => {
      const { certExport } = await import('./cert-export.ts')
      finish(await certExport({ config: configFile(config, terminal), name, directory, mode }, terminal))
    })
}

function parseMode(text: string): number {
  if (/^0?[4-7][0-7]0$/.test(text)) return Number.parseInt(text, 8)
  throw new InvalidArgumentError('It takes octal digits that give nothing to others, such as 0640')
}
