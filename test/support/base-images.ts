import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { DockerEngine } from './docker-engine.ts'
import { findRegistry } from './real-registry.ts'
import { type CommandResult, runCommand } from './run-command.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What npm, the Dockerfile and the tests run in an image. */
const TOOLS = ['sh', 'env', 'cat', 'chmod', 'chown', 'id', 'ln', 'mkdir', 'touch']
const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n'

/**
 * Makes local stand-ins of `node:24-slim` and `registry:2` in the engine, since none can be pulled in a test: this
 * Node 24, the machine's npm, shell and registry, and their libraries. npm's cache is in the first one, so that the
 * build needs no network. Throws when an import fails.
 */
export async function importBaseImages(t: Scope, engine: DockerEngine): Promise<void> {
  const dir = tempDir(t)
  await makeNodeRoot(join(dir, 'node'))
  await makeRegistryRoot(join(dir, 'registry'))
  const cache = (await succeeded(runCommand('npm', ['config', 'get', 'cache']))).trim()
  const npmCache = `--transform=s,^_cacache,root/.npm/_cacache, -C ${cache} _cacache`
  await importRoot(engine, {
    root: join(dir, 'node'),
    name: 'node:24-slim',
    more: npmCache,
    changes: ['CMD ["node"]'],
  })
  await importRoot(engine, {
    root: join(dir, 'registry'),
    name: 'registry:2',
    changes: [
      'ENTRYPOINT ["registry"]',
      'CMD ["serve", "/etc/docker/registry/config.yml"]',
      'VOLUME /var/lib/registry',
      'EXPOSE 5000',
    ],
  })
}

interface ImportOptions {
  readonly root: string
  readonly name: string
  readonly changes: readonly string[]
  readonly more?: string
}

async function importRoot(
  engine: DockerEngine,
  { root, name, changes, more = '' }: ImportOptions,
): Promise<void> {
  const flags = ['ENV PATH=/usr/local/bin:/usr/bin:/bin', ...changes].map(change => `--change='${change}'`)
  const script = `tar -c --owner=0 --group=0 -C ${root} . ${more} | docker import ${flags.join(' ')} - ${name}`
  await succeeded(engine.enter('sh', ['-ec', script]))
}

/** Fills npm's cache with everything in the lock file, for a machine where node_modules came from elsewhere. */
export async function fillNpmCache(t: Scope): Promise<void> {
  const dir = tempDir(t)
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    copyFileSync(join(ROOT, file), join(dir, file))
  const flags = ['--ignore-scripts', '--prefer-offline', '--loglevel=error']
  await succeeded(runCommand('npm', ['ci', ...flags], { cwd: dir, timeoutMs: 180_000 }))
}

async function makeNodeRoot(root: string): Promise<void> {
  makeSkeleton(root)
  for (const tool of TOOLS) await addProgram(root, await which(tool), `/usr/bin/${tool}`)
  await addProgram(root, process.execPath, '/usr/local/bin/node')
  const npm = dirname(dirname(realpathSync(await which('npm'))))
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'))
  mkdirSync(join(root, 'usr/local/etc'))
  writeFileSync(join(root, 'usr/local/etc/npmrc'), 'offline=true\nupdate-notifier=false\n')
}

async function makeRegistryRoot(root: string): Promise<void> {
  makeSkeleton(root)
  await addProgram(root, findRegistry(), '/usr/bin/registry')
  mkdirSync(join(root, 'etc/docker/registry'), { recursive: true })
  // That of the image registry:2.
  const config = {
    version: 0.1,
    log: { fields: { service: 'registry' } },
    storage: { cache: { blobdescriptor: 'inmemory' }, filesystem: { rootdirectory: '/var/lib/registry' } },
    http: { addr: ':5000', headers: { 'X-Content-Type-Options': ['nosniff'] } },
  }
  writeFileSync(join(root, 'etc/docker/registry/config.yml'), JSON.stringify(config))
}

function makeSkeleton(root: string): void {
  for (const dir of [
    'usr/bin',
    'usr/lib',
    'usr/lib64',
    'usr/local/bin',
    'etc',
    'root',
    'home/node',
    'var/lib',
  ]) {
    mkdirSync(join(root, dir), { recursive: true })
  }
  mkdirSync(join(root, 'tmp'), { mode: 0o1777 })
  for (const dir of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${dir}`, join(root, dir))
  writeFileSync(join(root, 'etc/passwd'), PASSWD)
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
}

/** Copies a program and the shared libraries that ldd names. */
async function addProgram(root: string, from: string, to: string): Promise<void> {
  copyFileSync(from, join(root, to))
  const { stdout } = await runCommand('ldd', [from]) // fails for a static program, which needs none
  for (const [, library = ''] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    const target = join(root, library)
    mkdirSync(dirname(target), { recursive: true })
    if (!existsSync(target)) copyFileSync(library, target)
  }
}

async function which(program: string): Promise<string> {
  return (await succeeded(runCommand('sh', ['-c', `command -v ${program}`]))).trim()
}

async function succeeded(command: Promise<CommandResult>): Promise<string> {
  const { code, stdout, stderr } = await command
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}${stdout}`)
  return stdout
}
