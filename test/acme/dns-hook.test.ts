import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createHookPublisher } from '../../src/acme/hook-publisher.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { memoryLog } from '../tls/support.ts'
import { failure, NEVER } from './dns-support.ts'

const RECORD = { name: '_acme-challenge.example.test', value: '-v $(id) "x"', zone: 'example.test' }

/** A hook with this shell script, in a directory of its own that is `$DIR` for it. */
function hookWith(t: Scope, script: string, timeoutMs?: number) {
  const directory = tempDir(t)
  const command = join(directory, 'hook')
  writeFileSync(command, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const env = { PATH: process.env['PATH'], DIR: directory }
  const log = memoryLog()
  return { directory, command, log, publisher: createHookPublisher({ command, env, timeoutMs, log }) }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

t.test('gives the hook what to do as arguments and as variables, and nothing else of ours', async t => {
  const { publisher, directory } = hookWith(t, 'printf "%s\\n" "$@" >> "$DIR/args"; env >> "$DIR/env"')
  await publisher.publish(RECORD, NEVER)
  await publisher.remove({ ...RECORD, zone: undefined }, NEVER)
  t.equal(
    readFileSync(join(directory, 'args'), 'utf8'),
    ['present', 'cleanup'].map(verb => `${verb}\n${RECORD.name}.\n${RECORD.value}\n`).join(''),
  )
  const variables = readFileSync(join(directory, 'env'), 'utf8').split('\n')
  t.strictSame(variables.filter(line => line.startsWith('LANDWAITER_')).sort(), [
    'LANDWAITER_DNS_NAME=_acme-challenge.example.test',
    'LANDWAITER_DNS_NAME=_acme-challenge.example.test',
    `LANDWAITER_DNS_VALUE=${RECORD.value}`,
    `LANDWAITER_DNS_VALUE=${RECORD.value}`,
    'LANDWAITER_DNS_ZONE=example.test',
  ])
  t.notOk(
    variables.some(line => line.startsWith('HOME=')),
    'a variable that it was not given',
  )
})

t.test('quotes what a failing hook says', async t => {
  const { publisher, command } = hookWith(t, 'echo "no \\033[31msuch zone" >&2; exit 3')
  await t.rejects(publisher.publish(RECORD, NEVER), {
    code: 'ACME_FAILED',
    failure: 'validation',
    message: `tls.acme.dns.hook: ${command} present failed with exit code 3; it wrote "no \\u001b[31msuch zone"`,
  })
})

t.test('ends a hook that hangs, with all that it has started', async t => {
  const { publisher, directory } = hookWith(t, 'sleep 600 & echo $! > "$DIR/pid"; wait', 500)
  await t.rejects(publisher.publish(RECORD, NEVER), failure(/present did not end within 0\.5 s$/))
  const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'))
  t.ok(await waitFor('the child of the hook is gone', () => !isAlive(pid)))
})

t.test('ends the hook when it is told to stop', async t => {
  const { publisher, directory } = hookWith(t, 'echo $$ > "$DIR/pid"; sleep 600')
  const stop = new AbortController()
  const published = publisher.publish(RECORD, stop.signal)
  const pid = await waitFor('the hook runs', () => {
    const file = join(directory, 'pid')
    return existsSync(file) && Number(readFileSync(file, 'utf8'))
  })
  stop.abort(new Error('stopping'))
  await t.rejects(published, { message: 'stopping' })
  t.ok(await waitFor('the hook is gone', () => !isAlive(pid)))
})

t.test('reads all that a hook writes but keeps little of it', async t => {
  const { publisher } = hookWith(t, 'yes | head -c 20000000; exit 1')
  const error = await publisher.publish(RECORD, NEVER).catch((thrown: Error) => thrown)
  t.match(error, failure(/exit code 1; it wrote "y\\n/))
  t.ok(error && error.message.length < 4096)
})

t.test('says why a hook cannot be started', async t => {
  const { publisher, command } = hookWith(t, 'exit 0')
  const missing = createHookPublisher({ command: `${command}s`, env: {}, log: memoryLog() })
  await t.rejects(missing.publish(RECORD, NEVER), failure(/cannot be started: there is no such file$/))
  chmodSync(command, 0o644)
  await t.rejects(publisher.publish(RECORD, NEVER), failure(/cannot be started: it is not executable/))
  chmodSync(command, 0o755)
  const withNul = { ...RECORD, value: 'a\0b' }
  await t.rejects(publisher.publish(withNul, NEVER), failure(/cannot be started/))
})
