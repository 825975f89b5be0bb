import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runCli } from '../cli/fake-terminal.ts'
import { basic, startLandwaiter, type TestLandwaiter, writeConfig } from '../support/landwaiter.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

/** A landwaiter whose log is rotated at 64 KiB; started again with the same file it goes on. */
function configure(t: Scope, audit: Readonly<Record<string, unknown>> = {}): string {
  const dir = tempDir(t)
  const file = join(dir, 'audit.jsonl')
  return writeConfig(dir, {
    audit: { file, max_size: '64KiB', checkpoint_interval: '1s', ballast: 0, ...audit },
  })
}

async function logIn(gateway: TestLandwaiter, times: number): Promise<void> {
  const headers = { authorization: basic('developer') }
  for (let done = 0; done < times; done += 10) {
    await Promise.all(
      Array.from({ length: 10 }, () =>
        gateway.request('/auth?scope=repository:dev-backend/a:pull', { headers }),
      ),
    )
  }
}

const verify = (config: string, ...more: readonly string[]) =>
  runCli(['audit', 'verify', '-c', config, ...more])

t.test('a log that the server wrote is whole while it runs, is rotated, stops and starts', async t => {
  const file = configure(t)
  const first = await startLandwaiter(t, { file })
  await logIn(first, 200)
  t.match(await verify(file), { code: 0, out: /^The log is whole\.$/m }, 'while it runs')
  await logIn(first, 200)
  await first.app.stop()
  const second = await startLandwaiter(t, { file })
  await logIn(second, 20)
  await second.app.stop()
  const { code, out } = await verify(file, '--strict', '-o', 'json')
  const found = JSON.parse(out)
  t.equal(code, 0, out)
  t.match(found, { faults: [], warnings: [], unsigned: 0, head: { seq: found.last.seq }, first: { seq: 1 } })
  t.ok(found.files > 2, `${found.files} files`)
})

t.test('lines that retention removed are accounted for', async t => {
  const file = configure(t, { max_files: 2 })
  const gateway = await startLandwaiter(t, { file })
  await logIn(gateway, 600)
  await waitFor('a removed file', () =>
    gateway.log.some(({ message }) => message.startsWith('removed an old file')),
  )
  await gateway.app.stop()
  const { code, out } = await verify(file, '--strict')
  t.equal(code, 0, out)
  t.match(out, /^pruned {7}the lines up to seq \d+$/m)
})

t.test('what is done to a stopped log is found, also after the next start', async t => {
  const file = configure(t)
  const gateway = await startLandwaiter(t, { file })
  await logIn(gateway, 300)
  await gateway.app.stop()
  const active = gateway.auditFile
  const whole = readFileSync(active, 'utf8')
  const edits: Readonly<Record<string, string>> = {
    changed: whole.replace('"name":"developer"', '"name":"somebody"'),
    missing: whole.split('\n').toSpliced(2, 1).join('\n'),
    cut: whole.slice(0, whole.lastIndexOf('\n', whole.length - 2) + 1),
  }
  for (const [kind, text] of Object.entries(edits)) {
    writeFileSync(active, text)
    const { code, out } = await verify(file, '-o', 'json')
    t.match({ code, ...JSON.parse(out) }, { code: 1, faultCount: 1, faults: [{ kind }] })
  }
  writeFileSync(active, edits['missing'] ?? '')
  const again = await startLandwaiter(t, { file })
  await logIn(again, 10)
  await again.app.stop()
  t.match(await verify(file), { code: 1, out: /^fault: line 3 of audit.jsonl .* is missing between$/m })
})

t.test('a tail that was cut off before a start is told as a gap', async t => {
  const file = configure(t)
  const gateway = await startLandwaiter(t, { file })
  await logIn(gateway, 30)
  await gateway.app.stop()
  const whole = readFileSync(gateway.auditFile, 'utf8')
  truncateSync(gateway.auditFile, whole.indexOf('\n', whole.length / 2) + 1)
  const again = await startLandwaiter(t, { file })
  await again.app.stop()
  const { code, out } = await verify(file)
  t.equal(code, 0, out)
  t.match(out, /^gaps {9}1, \d+ lines lost\n.*: the log ends at line \d+, though line \d+ had been written$/m)
})

t.test('a chain that was switched off for a while is told', async t => {
  const file = configure(t, { chain: false })
  const dir = join(file, '..')
  const first = await startLandwaiter(t, { file })
  await logIn(first, 10)
  await first.app.stop()
  writeConfig(dir, { audit: { file: join(dir, 'audit.jsonl') } })
  const second = await startLandwaiter(t, { file })
  await logIn(second, 10)
  await second.app.stop()
  const { code, out } = await verify(file)
  t.equal(code, 0, out)
  t.match(out, /^warning: the lines from seq 1 to \d+ are not chained: changes there are not seen$/m)
  t.strictSame(
    readdirSync(dir).filter(name => name.startsWith('audit')),
    ['audit.jsonl'],
  )
})
