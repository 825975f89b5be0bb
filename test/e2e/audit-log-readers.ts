import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { TestLandwaiter } from '../support/landwaiter.ts'
import { FORGED } from './audit-log-rows.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const ACTOR_ORDER = ['name', 'name_redacted', 'kind', 'via', 'token_id']
const MAX_LINE = 8192

/** The order of the README's table; readers with patterns rely on it. */
export async function checkOrder(t: Test, { audit, auditFile }: TestLandwaiter): Promise<void> {
  const table = /<!-- audit:begin -->([\s\S]*?)<!-- audit:end -->/.exec(README)?.[1] ?? ''
  const documented = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name)
  t.match(documented, ['v', 'time', 'node', 'seq', 'id', 'action', 'kind', 'outcome', 'status', 'actor'])
  const text = readFileSync(auditFile, 'utf8')
  t.ok(text.endsWith('}\n'), 'whole lines only')
  for (const [index, line] of audit().entries()) {
    const keys = Object.keys(line)
    t.strictSame(
      keys,
      documented.filter(name => keys.includes(name)),
      `${line.action} ${line.kind}`,
    )
    const inner = Object.keys(line.actor)
    t.strictSame(
      inner,
      ACTOR_ORDER.filter(name => inner.includes(name)),
    )
    t.equal(line.seq, index + 1)
  }
  const longest = Math.max(...text.split('\n').map(line => Buffer.byteLength(line)))
  t.ok(longest < MAX_LINE, `the longest line has ${longest} bytes`)
}

/** The pattern that the documentation gives to fail2ban, which puts an address in the place of HOST. */
export async function checkFail2ban(t: Test, { audit, auditFile }: TestLandwaiter): Promise<void> {
  const pattern = /^.*"action":"login","kind":"session","outcome":"denied".*"client_ip":"([\d.:a-f]+)".*$/
  const text = readFileSync(auditFile, 'utf8').trimEnd()
  const found = text.split('\n').flatMap(line => pattern.exec(line)?.[1] ?? [])
  const failed = audit().filter(({ action, outcome }) => action === 'login' && outcome === 'denied')
  t.strictSame(
    found,
    failed.map(({ client_ip }) => client_ip),
  )
  t.strictSame([...new Set(found)], ['127.0.0.1'])
  t.ok(
    failed.some(({ user_agent }) => user_agent === FORGED),
    'though somebody tried',
  )
}
