import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createExtAuthz } from '../../src/authz/ext-authz.ts'
import { openProgramPool } from '../../src/authz/program-pool.ts'
import { question } from './question.ts'
import { writeProgram } from './write-program.ts'

async function extAuthz(t: Test, script: string, timeout_ms = 10_000) {
  const { path, dir } = writeProgram(t, `#!/bin/sh\n${script}`)
  const settings = { command: path, args: [], timeout_ms, max_concurrency: 2, env: [] }
  const pool = await openProgramPool(settings, {
    env: { PATH: process.env['PATH'] ?? '' },
    output: 'ignored',
  })
  const authorizer = createExtAuthz(pool)
  t.teardown(() => authorizer.close())
  return { authorizer, dir }
}

t.test('grants all or nothing as the exit code says, which docker_auth was seen to do', async t => {
  const rows: readonly [script: string, granted: readonly string[] | string, why: string][] = [
    ['exit 0', ['pull', 'push', 'x'], 'all that is asked for'],
    ['exit 1', [], 'nothing'],
    ['exec head -c 1048576 /dev/zero', ['pull', 'push', 'x'], 'the output is not read'],
    ['echo who are you >&2; exit 2', 'ext_authz: it exited with 2: who are you', 'error'],
    ['exit 3', 'ext_authz: it exited with 3: ', 'error'],
    ['exit 77', 'ext_authz: it exited with 77: ', 'error'],
    ['kill -9 $$', 'ext_authz: it was killed by SIGKILL', 'killed'],
  ]
  const slow = ['exec sleep 600', 'ext_authz: it did not end within 300 ms', 'too slow'] as const
  for (const [script, granted, why] of [...rows, slow]) {
    const { authorizer } = await extAuthz(t, script, script === slow[0] ? 300 : undefined)
    const verdict = authorizer.authorize(question({ actions: ['pull', 'push', 'x'] }))
    if (typeof granted !== 'string') t.strictSame(await verdict, { granted }, why)
    else {
      const message = 'Permissions cannot be checked just now'
      await t.rejects(verdict, { name: 'AuthzUnavailable', message, cause: { message: granted } }, why)
    }
  }
})

t.test('asks in docker_auth’s document, to the byte', async t => {
  const { authorizer, dir } = await extAuthz(t, 'cat >$DIR/input')
  const inputOf = async (...parts: Parameters<typeof question>) => {
    await authorizer.authorize(question(...parts))
    return readFileSync(join(dir, 'input'), 'utf8')
  }
  t.equal(
    await inputOf({ actions: ['pull', 'push'] }),
    '{"Account":"alice","Type":"repository","Name":"team/app","Service":"registry.test","IP":"192.0.2.7","Actions":["pull","push"],"Labels":{"team":["a","b"]}}',
  )
  t.equal(
    await inputOf({
      subject: { name: '', via: 'anonymous', labels: {} },
      access: { type: 'registry', name: 'catalog', actions: ['*'] },
      service: '<R&D>',
      clientIp: '',
    }),
    '{"Account":"","Type":"registry","Name":"catalog","Service":"\\u003cR\\u0026D\\u003e","IP":"","Actions":["*"],"Labels":null}',
  )
  t.match(
    await inputOf({ subject: { name: 'a', via: 'static', labels: { z: [], b: ['1'] } } }),
    /"Labels":\{"b":\["1"\],"z":\[\]\}\}$/,
    'labels in Go’s order',
  )
})

t.test('asks for our words as docker_auth’s, and grants them by those', async t => {
  const { authorizer, dir } = await extAuthz(t, 'cat >$DIR/input; grep -q "\\[.push.\\]" $DIR/input')
  const rows: readonly [actions: readonly string[], sent: readonly string[], granted: readonly string[]][] = [
    [['overwrite'], ['push'], ['overwrite']],
    [['mount'], ['push'], ['mount']],
    [['push', 'overwrite'], ['push'], ['push', 'overwrite']],
    [['list'], ['pull'], []],
  ]
  for (const [actions, sent, granted] of rows) {
    t.strictSame(await authorizer.authorize(question({ actions })), { granted }, actions.join())
    t.strictSame(JSON.parse(readFileSync(join(dir, 'input'), 'utf8')).Actions, sent)
  }
})
