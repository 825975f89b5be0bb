import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startPebble } from '../support/pebble.ts'
import { tempDir } from '../support/temp-dir.ts'
import { memoryLog } from '../tls/support.ts'
import { type KeeperSetting, keepOnce, openKeeper } from './acme-keeper.ts'

const NAME = 'registry.test'

/** What a loss of power may leave of a file. */
const DAMAGES: readonly { readonly what: string; readonly damage: (file: string) => void }[] = [
  { what: 'cut to half', damage: file => truncateSync(file, readFileSync(file).length >> 1) },
  { what: 'empty', damage: file => truncateSync(file, 0) },
  { what: 'all zeros', damage: file => writeFileSync(file, Buffer.alloc(readFileSync(file).length)) },
]

/** Holds a certificate that was renewed once. */
let original: KeeperSetting

t.before(async () => {
  const pebble = await startPebble(t, { alwaysValid: true, nonceReject: 0 })
  const { directory, caRootFile } = pebble
  original = { stateDir: tempDir(t), directory, caRootFile, name: NAME, isRenewal: false }
  const acme = await openKeeper(original)
  await keepOnce(acme, false)
  await keepOnce(acme, true)
  await acme.close()
})

t.test('a store of which a loss of power spoiled one file', async t => {
  t.jobs = 4
  for (const file of filesOf(original)) {
    for (const { what, damage } of DAMAGES) {
      t.test(`${file} is ${what}`, { buffered: true }, async t => {
        const setting = await copyStore(t)
        damage(join(setting.stateDir, 'acme', file))
        await startsAndServes(t, setting)
      })
    }
  }
})

for (const { what, damage } of DAMAGES) {
  t.test(`a store of which every file is ${what}`, async t => {
    const setting = await copyStore(t)
    for (const file of filesOf(setting)) damage(join(setting.stateDir, 'acme', file))
    const acme = await openKeeper(setting)
    t.teardown(() => acme.close())
    t.equal(acme.source.contextFor(NAME), undefined)
    await endsWithCertificate(t, setting, acme)
  })
}

/** Serves the newest generation that is whole from the first moment on, and ends with a valid certificate. */
async function startsAndServes(t: Test, setting: KeeperSetting): Promise<void> {
  const log = memoryLog()
  const acme = await openKeeper(setting, { log })
  t.teardown(() => acme.close())
  t.ok(acme.source.contextFor(NAME), 'a certificate is served')
  const [one] = acme.source.managed
  const served = one?.current()?.pair.leaf.serialNumber
  await endsWithCertificate(t, setting, acme)
  t.equal(one?.current()?.pair.leaf.serialNumber, served, 'nothing is ordered')
  t.strictSame(
    log.lines.filter(({ level }) => level === 'error'),
    [],
  )
  await one?.renew(acme.source.signal)
  t.not(one?.current()?.pair.leaf.serialNumber, served, 'and the next renewal succeeds')
}

async function endsWithCertificate(
  t: Test,
  { directory }: KeeperSetting,
  acme: Awaited<ReturnType<typeof openKeeper>>,
): Promise<void> {
  await keepOnce(acme, false)
  const [one] = acme.source.managed
  t.strictSame(one?.current()?.pair.names, [NAME])
  t.equal(one?.current()?.directory, directory)
  t.equal(one?.status().lastError, undefined)
  t.ok(acme.source.contextFor(NAME), 'a certificate is served')
}

async function copyStore(t: Test): Promise<KeeperSetting> {
  const stateDir = tempDir(t)
  await cp(original.stateDir, stateDir, { recursive: true, preserveTimestamps: true })
  return { ...original, stateDir }
}

/** Paths below the directory of the certificates. */
function filesOf({ stateDir }: KeeperSetting): readonly string[] {
  const directory = join(stateDir, 'acme')
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort()
}
