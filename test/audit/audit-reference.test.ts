import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { AUDIT_FIELDS } from '../../src/audit/audit-fields.ts'
import { auditReference } from '../../src/audit/audit-reference.ts'

const README = join(import.meta.dirname, '../../README.md')
const SECTION = /(?<=<!-- audit:begin -->\n)[\s\S]*?(?=\n<!-- audit:end -->)/

t.test('every field is documented with a valid example', async t => {
  for (const { name, example, meaning } of AUDIT_FIELDS) {
    t.doesNotThrow(() => JSON.parse(example), name)
    t.ok(meaning.length > 5, name)
  }
})

t.test('the README shows the fields of a line as they are; UPDATE=1 rewrites it', async t => {
  const readme = await readFile(README, 'utf8')
  if (process.env['UPDATE'] === '1')
    await writeFile(
      README,
      readme.replace(SECTION, () => auditReference()),
    )
  const shown = SECTION.exec(await readFile(README, 'utf8'))?.[0]
  t.equal(shown, auditReference())
})
