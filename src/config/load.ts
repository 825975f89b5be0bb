import { ConfigError, type ConfigIssue } from '../model/errors.ts'
import type { Guards } from '../policy/guards.ts'
import type { Policy } from '../policy/policy.ts'
import { type Checked, checkTree } from './check.ts'
import { blameEnvironment, withEnvironment } from './environment-defaults.ts'
import type { Fault, KeyPath, Severity } from './fault.ts'
import type { Environment } from './interpolate.ts'
import { type Position, toIssues } from './issues.ts'
import { nullValueFaults } from './null-values.ts'
import { type ReadText, readFailure, readText } from './read-text.ts'
import { type Config, ConfigSchema } from './schema.ts'
import { loadSecretFiles } from './secret-files.ts'
import { getIn, setIn, type Tree } from './tree.ts'
import { parseYaml } from './yaml-document.ts'
import { readValue } from './yaml-value.ts'

/** What a configuration was read from, so that another thread can read the very same. Plain data; it holds secrets. */
export interface ConfigSource {
  readonly file: string
  readonly env: Environment
  /** Every file that was read, by its path. */
  readonly texts: Readonly<Record<string, string>>
}

/** A configuration that can be used, and what is to be said about it. */
export interface LoadedConfig {
  readonly config: Config
  readonly policy: Policy
  readonly guards: Guards
  /** What works, but perhaps not as meant; in the file's order. */
  readonly warnings: readonly ConfigIssue[]
  /** What the file asks for and landwaiter does in another way, with no need to change it. */
  readonly notes: readonly ConfigIssue[]
  /** Where a path stands in the file; for one that is not there its nearest ancestor's place. */
  locate(path: KeyPath): Position
  source(): ConfigSource
}

/** Sections that docker_auth does not have; in its own, `$` is a plain character. */
const INTERPOLATED: ReadonlySet<string> = new Set([
  'domains',
  'listen',
  'tls',
  'registry',
  'audit',
  'http_authz',
  'trusted_proxies',
  'state_dir',
  'log',
  'limits',
])

/**
 * Reads, checks and completes a configuration file; paths in it are relative to the working directory.
 * @throws ConfigError with every fault of the file at once, each at its line and column.
 */
export async function loadConfig(
  file: string,
  env: Environment,
  read: ReadText = readText,
): Promise<LoadedConfig> {
  const texts: Record<string, string> = {}
  const readFile: ReadText = async path => {
    const text = await read(path)
    texts[path] = text
    return text
  }
  const document = parseYaml(await readWhole(file, readFile))
  const reading = readValue(document, ConfigSchema, { env, interpolated: INTERPOLATED })
  const locate = (path: KeyPath, offset = reading.places.offsetOf(path)) => document.position(offset)
  const issuesOf = (faults: readonly Fault[], severity: Severity) =>
    toIssues(
      faults.filter(fault => fault.severity === severity),
      { file, locate },
    )

  if (document.faults.some(isError)) throw new ConfigError(issuesOf(document.faults, 'error'))
  const found = [...document.faults, ...reading.faults]
  if (reading.value === undefined) {
    throw new ConfigError(issuesOf(document.root === null ? [EMPTY_FILE] : found, 'error'))
  }
  const { tree, faults } = await withSecrets(reading.value, reading.secretFiles, readFile)
  const { usable, faults: opinions } = checkWithEnvironment(tree, env)
  const all = [
    ...found,
    ...faults,
    ...nullValueFaults(reading.value, reading.nulls),
    ...opinions.filter(fault => !isSpoiled(fault, found)),
  ]
  if (usable === undefined || all.some(isError)) throw new ConfigError(issuesOf(all, 'error'))
  return {
    ...usable,
    warnings: issuesOf(all, 'warning'),
    notes: issuesOf(all, 'note'),
    locate: path => locate(path),
    source: () => ({ file, env: { ...env }, texts }),
  }
}

/**
 * Reads again what `source` holds, whatever has become of its files since.
 * @throws ConfigError where this thread reads it in another way.
 */
export function loadSource({ file, env, texts }: ConfigSource): Promise<LoadedConfig> {
  return loadConfig(file, env, async path => {
    const text = texts[path]
    if (text === undefined) throw new Error(`${path} is not among the files that were read`)
    return text
  })
}

const EMPTY_FILE: Fault = {
  severity: 'error',
  path: [],
  message: 'the file is empty',
  hint: 'it needs at least users and acl',
}

async function readWhole(file: string, readFile: ReadText): Promise<string> {
  try {
    return await readFile(file)
  } catch (error) {
    const message = `cannot read the configuration: ${readFailure(error)}`
    throw new ConfigError([{ file, line: 0, column: 0, path: '', message }])
  }
}

async function withSecrets(
  tree: Tree,
  files: Parameters<typeof loadSecretFiles>[0],
  readFile: ReadText,
): Promise<{ readonly tree: Tree; readonly faults: readonly Fault[] }> {
  const has = (path: KeyPath) => getIn(tree, path) !== undefined
  const { texts, faults } = await loadSecretFiles(files, { readText: readFile, has })
  return { tree: texts.reduce((result, { path, text }) => setIn(result, path, text), tree), faults }
}

function checkWithEnvironment(tree: Tree, env: Environment): Checked {
  const { usable, faults } = checkTree(withEnvironment(tree, env))
  const explained = blameEnvironment(faults, tree, env)
  return usable === undefined ? { faults: explained } : { usable, faults: explained }
}

/** The schema's view of a value that could not be read says nothing new. */
function isSpoiled(fault: Fault, found: readonly Fault[]): boolean {
  return found.some(
    ({ spoils, path }) => spoils === true && path.every((key, index) => key === fault.path[index]),
  )
}

function isError({ severity }: Fault): boolean {
  return severity === 'error'
}
