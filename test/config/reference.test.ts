import { readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import { jsonSchema, referenceTable } from '../../src/config/reference.ts'

// UPDATE=1 writes what is compared.
const isUpdate = process.env['UPDATE'] === '1'
const SCHEMA = new URL('../../config/landwaiter.schema.json', import.meta.url)
const README = new URL('../../README.md', import.meta.url)
const BEGIN = '<!-- config:begin -->'
const END = '<!-- config:end -->'

/** The text with the section between the markers replaced; undefined without both markers. */
function withSection(text: string, section: string): string | undefined {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin === -1 || end < begin) return undefined
  return `${text.slice(0, begin + BEGIN.length)}\n${section}\n${text.slice(end)}`
}

t.test('the JSON Schema file is that of the schema', async t => {
  const expected = `${JSON.stringify(jsonSchema(), null, 2)}\n`
  if (isUpdate) await writeFile(SCHEMA, expected)
  t.equal(await readFile(SCHEMA, 'utf8'), expected, 'UPDATE=1 writes it')
})

t.test('the README holds the reference table of the schema', async t => {
  const text = await readFile(README, 'utf8')
  const expected = withSection(text, referenceTable())
  if (isUpdate && expected !== undefined) await writeFile(README, expected)
  t.equal(await readFile(README, 'utf8'), expected ?? `${BEGIN}\n${END}`, 'UPDATE=1 writes it')
})

t.test('every key says its type and its meaning', async t => {
  const rows = referenceTable().split('\n').slice(2)
  const keys = rows.map(row => {
    const [, key = '', type = '', , meaning = ''] = row.split(/(?<!\\)\|/).map(cell => cell.trim())
    t.ok(type !== '' && type !== 'any' && meaning !== '', key)
    return key
  })
  t.equal(new Set(keys).size, keys.length, 'no key twice')
  for (const key of [
    '`listen.https`',
    '`registry.run.storage.s3.bucket`',
    '`users.NAME.password`',
    '`acl[].match.name`',
    '`server.addr`',
  ]) {
    t.ok(keys.includes(key), key)
  }
})

t.test('every section and key of the JSON Schema has a description', async t => {
  const walk = (at: string, node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, child] of Object.entries(node)) {
      if (key !== 'properties') walk(at, child)
      else {
        for (const [name, property] of Object.entries(child as Record<string, { description?: string }>)) {
          t.type(property.description, 'string', `${at}.${name}`)
          walk(`${at}.${name}`, property)
        }
      }
    }
  }
  walk('', jsonSchema())
})
