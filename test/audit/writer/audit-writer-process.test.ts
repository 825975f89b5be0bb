import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'

const WRITER = new URL('../../support/audit-writer.ts', import.meta.url).href
const SCOPE = '{ teardown() {} }'
const event = {
  time: '2026-11-24T16:06:00.123Z',
  action: 'push',
  kind: 'manifest',
  outcome: 'success',
  actor: { name: 'ann', kind: 'user' },
}

/** Runs TypeScript in a process of its own. */
function runScript(t: Test, source: string) {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

t.test('standard output takes the same lines', async t => {
  const child = runScript(
    t,
    `const { openWriter } = await import('${WRITER}')
     const { sink } = await openWriter(${SCOPE}, '-')
     await Promise.all(Array.from({ length: 2000 }, () => sink.append(${JSON.stringify(event)})))
     await sink.close()`,
  )
  const seqs: number[] = []
  for await (const line of createInterface(child.stdout)) seqs.push(JSON.parse(line).seq)
  t.strictSame(
    seqs,
    Array.from({ length: 2000 }, (_, index) => index + 1),
  )
})

t.test('every acknowledged line survives a SIGKILL of the process', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  const child = runScript(
    t,
    `import { writeSync } from 'node:fs'
     const { openWriter } = await import('${WRITER}')
     const { sink } = await openWriter(${SCOPE}, ${JSON.stringify(file)})
     const event = ${JSON.stringify(event)}
     let next = 0
     const client = async () => {
       for (;;) {
         const id = String(++next)
         await sink.append({ ...event, id })
         writeSync(1, id + '\\n')
       }
     }
     for (let i = 0; i < 20; i++) void client()`,
  )
  const acknowledged: string[] = []
  for await (const id of createInterface(child.stdout)) {
    acknowledged.push(id)
    if (acknowledged.length === 3000) child.kill('SIGKILL')
  }
  t.ok(acknowledged.length >= 3000)
  const text = await readFile(file, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const ids = new Set(
    whole
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line).id),
  )
  t.strictSame(
    acknowledged.filter(id => !ids.has(id)),
    [],
  )
})
