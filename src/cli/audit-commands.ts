import { type Command, Option } from 'commander'
import { type FilterOptions, filterable } from './audit-options.ts'
import { OUTPUT_FORMS, type OutputForm } from './audit-output.ts'
import type { Session } from './session.ts'

/** Adds `audit query`. */
export function addAudit(program: Command, session: Session): void {
  const audit = program.command('audit').description('read the audit log').helpCommand(false)
  addQuery(audit, session)
}

const QUERY_EXAMPLES = `
Examples:
  landwaiter audit query --since 2d --action delete
  landwaiter audit query --repository 'prod/*' --outcome denied,failed
  landwaiter audit query --tag 1.4.2 --repository team/web -o json`

function outputOption(): Option {
  return new Option('-o, --output <form>', 'how').choices(OUTPUT_FORMS).default('table')
}

function addQuery(audit: Command, { terminal, finish }: Session): void {
  filterable(audit.command('query'))
    .description('find lines, also in rotated files')
    .addOption(outputOption())
    .addHelpText('after', QUERY_EXAMPLES)
    .action(async (options: FilterOptions & { readonly output: OutputForm }) => {
      const { auditQuery } = await import('./audit-query.ts')
      finish(await auditQuery(options, terminal))
    })
}
