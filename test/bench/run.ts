import { readdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { Benchmark } from './benchmark.ts'
import { measure } from './measure.ts'
import type { ReportOptions } from './report-options.ts'
import { formatTable } from './table.ts'

const USAGE = 'usage: npm run bench -- NAME [--only TEXT] [--json FILE] [--rounds N] [--mib N]'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    json: { type: 'string' },
    rounds: { type: 'string' },
    mib: { type: 'string' },
  },
})
const [name] = positionals
const suffix = '.bench.ts'
const names = (await readdir(import.meta.dirname)).filter(file => file.endsWith(suffix))
if (name === undefined || !names.includes(`${name}${suffix}`)) {
  const known = names.map(file => file.slice(0, -suffix.length)).join(', ')
  process.stderr.write(`${USAGE}\nNAME is one of: ${known}\n`)
  process.exitCode = 2
} else {
  await bench(name)
}

/** What a file exports: benchmarks to measure, or a report that does all by itself. */
interface BenchFile {
  readonly benchmarks?: readonly Benchmark[]
  readonly report?: (options: ReportOptions) => Promise<string>
}

/** Prints one file's table; `--only` takes the lines whose names hold a text, `--json` writes them in ns as well. */
async function bench(name: string): Promise<void> {
  const { benchmarks = [], report }: BenchFile = await import(`./${name}${suffix}`)
  if (report !== undefined) {
    process.stdout.write(await report(reportOptions()))
    return
  }
  const measurements = await measure(
    benchmarks.filter(benchmark => benchmark.name.includes(values.only ?? '')),
  )
  process.stdout.write(formatTable(measurements))
  if (values.json !== undefined) {
    const report = { bench: name, node: process.version, measurements }
    await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`)
  }
}

function reportOptions(): ReportOptions {
  const { only, json, rounds, mib } = values
  return {
    ...(only === undefined ? {} : { only }),
    ...(json === undefined ? {} : { json }),
    ...(rounds === undefined ? {} : { rounds: positive('--rounds', rounds) }),
    ...(mib === undefined ? {} : { mib: positive('--mib', mib) }),
  }
}

function positive(option: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new TypeError(`${option} must be a whole number above 0, not ${text}`)
}
