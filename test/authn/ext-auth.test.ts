import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createExtAuth } from '../../src/authn/ext-auth.ts'
import { openProgramPool } from '../../src/authz/program-pool.ts'
import { AuthnUnavailable } from '../../src/model/errors.ts'
import type { ProgramResult } from '../../src/model/program.ts'
import { Secret } from '../../src/model/secret.ts'

const login = (name: string, password: string) => ({ name, password: new Secret(password) })

/** `ext_auth` with a real program; `$DIR` in the script is a directory of its own. */
async function extAuth(t: Test, script: string) {
  const dir = mkdtempSync(join(tmpdir(), 'lw-ext-auth-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const command = join(dir, 'ext-auth.sh')
  writeFileSync(command, `#!/bin/sh\n${script.replaceAll('$DIR', dir)}`, { mode: 0o755 })
  const settings = { command, args: [], timeout_ms: 10_000, max_concurrency: 2, env: [] }
  const pool = await openProgramPool(settings, { env: { PATH: process.env['PATH'] ?? '' }, output: 'read' })
  t.teardown(() => pool.close())
  return { authenticate: createExtAuth(pool), dir }
}

const accepted = (name: string, labels = {}) => ({
  outcome: 'authenticated',
  subject: { name, via: 'ext', labels, isExternal: true },
})
const REJECTED = { outcome: 'rejected', reason: 'ext_auth rejected the login' }
const UNKNOWN = { outcome: 'unknown' }

t.test('answers as the exit code says, which docker_auth was seen to do', async t => {
  const rows: readonly [script: string, result: object | 'unavailable', why: string][] = [
    ['exit 0', accepted('ann'), 'allow'],
    ['exit 1', REJECTED, 'deny'],
    ['echo "{}"; exit 1', REJECTED, 'deny, whatever it prints'],
    ['exit 2', UNKNOWN, 'no match'],
    ['exit 3', 'unavailable', 'error'],
    ['exit 77', 'unavailable', 'error'],
    ['kill -9 $$', 'unavailable', 'killed'],
    ['echo nonsense', 'unavailable', 'not JSON'],
    ['echo', 'unavailable', 'an empty line is not JSON either'],
    ['exec head -c 1048576 /dev/zero', 'unavailable', 'a mebibyte of output'],
  ]
  for (const [script, expected, why] of rows) {
    const { authenticate } = await extAuth(t, script)
    const answer = authenticate(login('ann', 'pw'))
    if (expected === 'unavailable') await t.rejects(answer, { name: 'AuthnUnavailable' }, why)
    else t.strictSame(await answer, expected, why)
  }
})

t.test('hands over name and password with one space and nothing behind', async t => {
  const { authenticate, dir } = await extAuth(t, 'cat >$DIR/input')
  const rows: readonly [name: string, password: string, input: string][] = [
    ['ann', 'pw', 'ann pw'],
    ['ann', 'pass word\n', 'ann pass word\n'],
    ['ann', '', 'ann '],
    ['', '', ' '],
    ['jörg', 'pässwört', 'jörg pässwört'],
    ['$(id)', '`id`', '$(id) `id`'],
  ]
  for (const [name, password, input] of rows) {
    t.strictSame(await authenticate(login(name, password)), accepted(name), input)
    t.equal(readFileSync(join(dir, 'input'), 'utf8'), input)
  }
})

t.test('asks about no name that could pass for another', async t => {
  const { authenticate } = await extAuth(t, 'exit 0')
  for (const name of ['ann admin', ' ', 'ann\t', 'ann\n', 'a\0b', 'ann\u00a0x', 'ann\u2028']) {
    t.strictSame(await authenticate(login(name, 'pw')), UNKNOWN, encodeURIComponent(name))
  }
})

t.test('reads labels as docker_auth does', async t => {
  const large = JSON.stringify({ labels: { g: ['x'.repeat(4 * 1024)] } })
  const rows: readonly [output: string, labels: object | undefined][] = [
    ['{}', {}],
    ['null', {}],
    ['{"labels": null}', {}],
    [
      '{"labels": {"level": ["max"], "groups": ["VIP", "ATeam"]}, "more": 1}\n',
      { level: ['max'], groups: ['VIP', 'ATeam'] },
    ],
    ['{"Labels": {"g": ["a"]}}', { g: ['a'] }],
    ['{"labels": {"g": null, "h": []}}', { g: [], h: [] }],
    ['{"labels": {"g": "a"}}', undefined],
    ['{"labels": {"g": [1]}}', undefined],
    ['{"labels": ["a"]}', undefined],
    ['{"labels": "a"}', undefined],
    ['[]', undefined],
    ['"labels"', undefined],
    ['{"labels": {}} {"labels": {}}', undefined],
    [large, undefined],
  ]
  for (const [stdout, labels] of rows) {
    const authenticate = createExtAuth({
      run: async () => ({ outcome: 'exited', code: 0, stdout, stderr: '' }),
    })
    const answer = authenticate(login('ann', 'pw'))
    if (labels === undefined) await t.rejects(answer, { name: 'AuthnUnavailable' }, stdout.slice(0, 60))
    else t.strictSame(await answer, accepted('ann', labels), stdout)
  }
  const label = '{"labels": {"__proto__": ["a"]}}'
  const run = async (): Promise<ProgramResult> => ({ outcome: 'exited', code: 0, stdout: label, stderr: '' })
  const answer = await createExtAuth({ run })(login('ann', 'pw'))
  t.strictSame(answer.outcome === 'authenticated' && Object.entries(answer.subject.labels), [
    ['__proto__', ['a']],
  ])
})

t.test('tells the client nothing of what went wrong, and the log all but the password', async t => {
  const { authenticate } = await extAuth(t, 'cat >/dev/null; echo "ldap: connection refused" >&2; exit 4')
  const error = await authenticate(login('ann', 's3cret')).catch((reason: unknown) => reason)
  if (!(error instanceof AuthnUnavailable)) throw new Error('it answered')
  t.equal(error.message, 'Logins cannot be checked just now')
  t.match(error.cause, { message: 'ext_auth: it exited with 4: ldap: connection refused' })
  t.equal(error.retryAfterSeconds, 5)
})
