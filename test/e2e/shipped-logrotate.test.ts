import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { Agent, request } from 'undici'
import { findOnPath } from '../support/find-prepared.ts'
import { startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { runCommand } from '../support/run-command.ts'
import { shippedFile } from '../support/shipped-file.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

t.test('logrotate moves the log away under load, and no line is lost or doubled', async t => {
  const dir = join(tempDir(t), 'log')
  mkdirSync(dir, { mode: 0o700 })
  const file = join(dir, 'audit.jsonl')
  const landwaiter = await startLandwaiterProcess(t, {
    audit: { file, level: 'requests', max_size: 0, max_age: 0 },
    registry: { upstream: 'http://127.0.0.1:9' },
  })
  const config = shippedFile(t, 'logrotate/landwaiter', { '/var/log/landwaiter/audit.jsonl': file })
  const bin = tempDir(t)
  const calls = join(bin, 'calls')
  // In the places of a service manager that does not know landwaiter, and of Docker.
  writeProgram(join(bin, 'systemctl'), 'exit 3')
  writeProgram(join(bin, 'docker'), `echo "$*" >>${calls}; kill -USR1 ${landwaiter.pid}`)

  const load = startLoad(landwaiter)
  await waitFor('lines', () => linesOf(file).length > 50)
  const logrotate = findOnPath('logrotate', ['/usr/sbin']) ?? 'logrotate'
  const env = { PATH: `${bin}:${process.env['PATH']}` }
  const run = await runCommand(logrotate, ['-f', '-s', join(bin, 'state'), config], { env })
  t.equal(run.code, 0, run.stderr)
  t.equal(readFileSync(calls, 'utf8'), 'kill --signal=USR1 landwaiter-landwaiter-1\n')
  const old = readdirSync(dir).find(name => /^audit\.jsonl-\d{8}$/.test(name)) ?? ''
  t.not(old, '', 'the old file is beside the new one')
  await waitFor('lines in the new file', () => linesOf(file).length > 50)
  const sent = await load.stop()
  t.equal(await landwaiter.stop(), 0)

  const lines = [...linesOf(join(dir, old)), ...linesOf(file)].map(text => JSON.parse(text))
  t.strictSame(
    lines.map(({ seq }) => seq),
    lines.map((_, index) => index + 1),
  )
  const ids = new Set(lines.map(({ id }) => id))
  t.ok(sent.length > 100)
  t.strictSame(
    sent.filter(id => !ids.has(id)),
    [],
    'every answer has its line',
  )
  const verified = await runCommand(process.execPath, [
    MAIN,
    'audit',
    'verify',
    '-c',
    join(landwaiter.dir, 'config.yml'),
  ])
  t.equal(verified.code, 0, verified.stdout + verified.stderr)
})

const MAIN = join(import.meta.dirname, '../../src/main.ts')

function writeProgram(path: string, script: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1)
  } catch {
    // Between two files there is none.
    return []
  }
}

/** Four clients that ask again and again until they are stopped; then the X-Request-Id of each answer. */
function startLoad({ host, caFile }: { readonly host: string; readonly caFile: string }) {
  const agent = new Agent({ connect: { ca: readFileSync(caFile) } })
  const ids: string[] = []
  let isOver = false
  const clients = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const { headers, body } = await request(`https://${host}/v2/`, { dispatcher: agent })
      await body.dump()
      ids.push(String(headers['x-request-id']))
    }
  })
  return {
    stop: async () => {
      isOver = true
      await Promise.all(clients)
      await agent.destroy()
      return ids
    },
  }
}
