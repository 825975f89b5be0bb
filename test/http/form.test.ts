import t from 'tap'
import { firstField, parseQuery } from '../../src/http/form.ts'

t.test('a query is read as Go reads it', async t => {
  const cases = [
    { query: '', fields: [] },
    { query: 'a=1&b=2', fields: ['a=1', 'b=2'] },
    { query: 'a=1&a=2&a', fields: ['a=1', 'a=2', 'a='], why: 'repeats stay, a value may be missing' },
    { query: '&&a=1&', fields: ['a=1'], why: 'empty pairs are none' },
    { query: 'a=b=c', fields: ['a=b=c'], why: 'the first = splits' },
    { query: '=x', fields: ['=x'], why: 'a name may be empty' },
    { query: 'a+b=c+d%2Be', fields: ['a b=c d+e'], why: 'a plus is a space' },
    { query: '%61=%c3%bc', fields: ['a=ü'], why: 'UTF-8' },
    { query: 'a=%00', fields: ['a=\0'], why: 'any character' },
    { query: 'a=%ff%C3', fields: ['a=\ufffd\ufffd'], why: 'what is not UTF-8 is replaced' },
    { query: 'a=ü', fields: ['a=ü'], why: 'what is not encoded is taken as it is' },
    { query: 'a=%zz&b=1', fields: ['b=1'], why: 'a bad encoding drops its pair only' },
    { query: 'a=%&b=%4&c%=1&d=1', fields: ['d=1'], why: 'wherever it is' },
    { query: 'a=1;b=2&c=3', fields: ['c=3'], why: 'a semicolon too, since Go 1.17' },
    { query: '__proto__=1&constructor=2', fields: ['__proto__=1', 'constructor=2'], why: 'any name' },
  ]
  for (const { query, fields, why = 'plain' } of cases) {
    t.strictSame(
      parseQuery(query).map(pair => pair.join('=')),
      fields,
      `${query}: ${why}`,
    )
  }
})

t.test('the first value of a name counts', async t => {
  const fields = parseQuery('a=1&b=2&a=3')
  t.equal(firstField(fields, 'a'), '1')
  t.equal(firstField(fields, 'c'), '')
})
