import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { RegistryNotFound } from './registry-errors.ts'

const NAMES = ['registry', 'docker-registry']
const VERSION_TIMEOUT_MS = 5_000
const VERSION_OUTPUT_BYTES = 64 * 1024
/** `registry github.com/docker/distribution v2.8.3`, `registry github.com/distribution/distribution/v3 v3.0.0`. */
const DISTRIBUTION = /\bgithub\.com\/(?:docker|distribution)\/distribution(\/v3)?\s+v?(\S+)/

const INSTALL =
  'install it with "apt-get install docker-registry", or copy /bin/registry out of the image registry:2'

/** A distribution registry that answered to `--version`. */
export interface RegistryBinary {
  readonly file: string
  /** Major version; the configuration differs. */
  readonly version: 2 | 3
  /** As it calls itself, `2.8.3`. */
  readonly release: string
}

const run = promisify(execFile)

/**
 * The registry to run: `configured` (a path, or a name on the PATH), else `registry`, else `docker-registry`.
 * Other programs are called `registry` too, so each candidate is asked who it is.
 * @throws RegistryNotFound
 */
export async function findRegistryBinary(search: {
  /** A PATH; relative entries are passed over. */
  readonly path: string
  readonly configured?: string
}): Promise<RegistryBinary> {
  const { path, configured } = search
  const foreign: string[] = []
  for (const file of candidates(path, configured)) {
    if (!(await isExecutable(file))) continue
    const binary = await identify(file, path)
    if (binary !== undefined) return binary
    foreign.push(file)
  }
  throw new RegistryNotFound(explain(configured, foreign))
}

function candidates(path: string, configured: string | undefined): readonly string[] {
  if (configured?.includes('/')) return [configured]
  const names = configured === undefined ? NAMES : [configured]
  const folders = path.split(delimiter).filter(isAbsolute)
  return names.flatMap(name => folders.map(folder => join(folder, name)))
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function identify(file: string, path: string): Promise<RegistryBinary | undefined> {
  try {
    const asked = run(file, ['--version'], {
      env: { PATH: path },
      timeout: VERSION_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: VERSION_OUTPUT_BYTES,
    })
    asked.child.stdin?.end()
    const [, v3, release] = DISTRIBUTION.exec((await asked).stdout) ?? []
    if (release === undefined) return undefined
    return { file, version: v3 !== undefined || release.startsWith('3.') ? 3 : 2, release }
  } catch {
    // It cannot be run or does not know `--version`: not what we look for.
    return undefined
  }
}

function explain(configured: string | undefined, foreign: readonly string[]): string {
  const others = foreign.map(file => `${file} is another program`)
  if (configured === undefined)
    return [...others, `no distribution registry is on the PATH: ${INSTALL}`].join('; ')
  const wrong = others.length > 0 ? others.join('; ') : `${configured} is not there or not executable`
  return `registry.run.binary: ${wrong}; name a distribution registry, or ${INSTALL}`
}
