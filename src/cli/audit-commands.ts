import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ExportFormatName } from '../audit/export/export-formats.ts'
import type { Grouping } from '../audit/reading/groupings.ts'
import { type AuditPlaceOptions, auditPlaced, type FilterOptions, filterable } from './audit-options.ts'
import { OUTPUT_FORMS, type OutputForm } from './audit-output.ts'
import type { Session } from './session.ts'

/** Adds `audit tail|query|stats|export|verify`. */
export function addAudit(program: Command, session: Session): void {
  const audit = program.command('audit').description('read the audit log').helpCommand(false)
  addTail(audit, session)
  addQuery(audit, session)
  addStats(audit, session)
  addExport(audit, session)
  addVerify(audit, session)
}

const EXPORT_NAMES = [
  'ecs',
  'ocsf',
  'cadf',
  'cef',
  'csv',
  'events',
  'cloudevents',
] as const satisfies readonly ExportFormatName[]

const GROUPING_NAMES = [
  'repository',
  'actor',
  'client',
  'action',
  'outcome',
  'hour',
  'day',
] as const satisfies readonly Grouping[]

const MOST_LINES = 100_000

const TAIL_EXAMPLES = `
Examples:
  landwaiter audit tail -f
  landwaiter audit tail -f --outcome denied,failed
  landwaiter audit tail -n 5 --action push,overwrite,delete`

const QUERY_EXAMPLES = `
Examples:
  landwaiter audit query --since 2d --action delete
  landwaiter audit query --repository 'prod/*' --outcome denied,failed
  landwaiter audit query --tag 1.4.2 --repository team/web -o json
  landwaiter audit query --images --since today`

function outputOption(): Option {
  return new Option('-o, --output <form>', 'how').choices(OUTPUT_FORMS).default('table')
}

interface TailOptions extends FilterOptions {
  readonly output: OutputForm
  readonly lines: number
  readonly follow?: true
}

function addTail(audit: Command, { terminal, finish }: Session): void {
  filterable(audit.command('tail'))
    .description('show the newest lines')
    .option('-f, --follow', 'and those to come, through rotations')
    .option('-n, --lines <n>', 'how many', parseLines, 20)
    .addOption(outputOption())
    .addHelpText('after', TAIL_EXAMPLES)
    .action(async (options: TailOptions) => {
      const { auditTail } = await import('./audit-tail.ts')
      finish(await auditTail(options, terminal))
    })
}

/** They are kept in memory. */
function parseLines(text: string): number {
  const lines = Number(text)
  if (/^\d{1,6}$/.test(text) && lines <= MOST_LINES) return lines
  throw new InvalidArgumentError(`It takes a whole number up to ${MOST_LINES}; see audit query for more`)
}

interface QueryOptions extends FilterOptions {
  readonly output: OutputForm
  readonly images?: true
}

function addQuery(audit: Command, { terminal, finish }: Session): void {
  filterable(audit.command('query'))
    .description('find lines, also in rotated files')
    .addOption(outputOption())
    .option('--images', 'one line for each docker pull')
    .addHelpText('after', QUERY_EXAMPLES)
    .action(async (options: QueryOptions, command: Command) => {
      if (options.images === true) {
        refuseForImages(options, command)
        const { auditImages } = await import('./audit-images.ts')
        return finish(await auditImages(options, terminal))
      }
      const { auditQuery } = await import('./audit-query.ts')
      finish(await auditQuery(options, terminal))
    })
}

/** They would take away a part of each pull. */
function refuseForImages(options: QueryOptions, command: Command): void {
  const refused = (['action', 'kind', 'digest', 'id'] as const).find(name => options[name] !== undefined)
  if (refused === undefined) return
  command.error(`error: --images shows whole pulls, so that --${refused} cannot choose among their lines`)
}

const VERIFY_EXAMPLES = `
Examples:
  landwaiter audit verify
  landwaiter audit verify --file copy/audit.jsonl --head copy/head.json \\
    --key copy/checkpoint-key.pub.pem`

interface VerifyOptions extends AuditPlaceOptions {
  readonly key?: readonly string[] | boolean
  readonly head?: string | boolean
  readonly strict?: true
  readonly output: 'text' | 'json'
}

function addVerify(audit: Command, { terminal, finish }: Session): void {
  auditPlaced(audit.command('verify'))
    .description('prove that nothing was changed or removed')
    .option(
      '--key <file>',
      'public key of checkpoints; may be repeated (default: that of state_dir)',
      collectFile,
    )
    .option('--no-key', 'do not look at signatures')
    .option('--head <file>', 'head file (default: that of state_dir)')
    .option('--no-head', 'do not look whether the end was cut off')
    .option('--strict', 'take warnings for faults')
    .addOption(new Option('-o, --output <form>', 'how').choices(['text', 'json']).default('text'))
    .addHelpText('after', VERIFY_EXAMPLES)
    .action(async ({ key, head, ...options }: VerifyOptions) => {
      const { auditVerify } = await import('./audit-verify.ts')
      // Commander sets the positive option to true when only the negative one exists.
      const asked = {
        ...options,
        ...(key !== undefined && key !== true && { key }),
        ...(head !== undefined && head !== true && { head }),
      }
      finish(await auditVerify(asked, terminal))
    })
}

function collectFile(file: string, before: readonly string[] | boolean = []): readonly string[] {
  return [...(typeof before === 'boolean' ? [] : before), file]
}
const STATS_EXAMPLES = `
Examples:
  landwaiter audit stats --since today
  landwaiter audit stats --by actor --action push,overwrite --since 1w
  landwaiter audit stats --by client --outcome denied`

interface StatsOptions extends FilterOptions {
  readonly by?: Grouping
  readonly top?: number
  readonly output: 'text' | 'json'
}

function addStats(audit: Command, { terminal, finish }: Session): void {
  filterable(audit.command('stats'))
    .description('add lines up')
    .addOption(new Option('--by <what>', 'one list in place of the dashboard').choices(GROUPING_NAMES))
    .option('--top <n>', 'how many of the largest, or the newest hours or days', parseTop)
    .addOption(new Option('-o, --output <form>', 'how').choices(['text', 'json']).default('text'))
    .addHelpText('after', STATS_EXAMPLES)
    .action(async (options: StatsOptions) => {
      const { auditStats } = await import('./audit-stats.ts')
      finish(await auditStats(options, terminal))
    })
}

function parseTop(text: string): number {
  const top = Number(text)
  if (/^\d{1,4}$/.test(text) && top > 0) return top
  throw new InvalidArgumentError('It takes a whole number from 1 to 9999')
}

const EXPORT_EXAMPLES = `
Examples:
  landwaiter audit export --format ecs --since 1h | gzip > hour.jsonl.gz
  landwaiter audit export --format csv --since 2026-11-01 --to november.csv`

interface ExportOptions extends FilterOptions {
  readonly format: ExportFormatName
  readonly to?: string
}

function addExport(audit: Command, { terminal, finish }: Session): void {
  filterable(audit.command('export'))
    .description('write lines in the format of another program')
    .addOption(new Option('--format <name>', 'format').choices(EXPORT_NAMES).makeOptionMandatory())
    .option('--to <file>', 'a new file (default: standard output)')
    .addHelpText('after', EXPORT_EXAMPLES)
    .action(async (options: ExportOptions) => {
      const { auditExport } = await import('./audit-export.ts')
      finish(await auditExport(options, terminal))
    })
}
