import t from 'tap'
import { readSample } from './read-sample.ts'

t.test('refuses what docker_auth cannot decode, at its place', async t => {
  const rows: readonly [text: string, fault: string][] = [
    ['i: "900"', '1:4 error: must be a whole number'],
    ['i: 15m', '1:4 error: must be a whole number'],
    ["i: ''", '1:4 error: must be a whole number'],
    ['i: 1:30', '1:4 error: must be a whole number'],
    ['i: yes', '1:4 error: must be a whole number'],
    ['i: .inf', '1:4 error: must be a whole number'],
    ['i: 0b', '1:4 error: must be a whole number'],
    ['i: 0xZ', '1:4 error: must be a whole number'],
    ['i: _1', '1:4 error: must be a whole number'],
    ['i: 1e30', '1:4 error: must be a whole number'],
    ['i: 9223372036854775808', '1:4 error: must be a whole number'],
    ['i: 2001-01-01', '1:4 error: must be a whole number'],
    ['b: "true"', '1:4 error: must be true or false'],
    ['b: 1', '1:4 error: must be true or false'],
    ['b: oN', '1:4 error: must be true or false'],
    ['l: x', '1:4 error: must be a list'],
    ['l: {a: b}', '1:4 error: must be a list, not a mapping'],
    ['l: [a, [b]]', '1:8 error: must be a single value, not a list'],
    ['s: [a]', '1:4 error: must be a single value, not a list'],
    ['s: {a: b}', '1:4 error: must be a single value, not a mapping'],
    ['m: [a]', '1:4 error: must be a mapping, not a list'],
    ['m: {a: [b]}', '1:8 error: must be a single value, not a list'],
    ['server: x', '1:9 error: must be a mapping'],
    ['users: []', '1:8 error: must be a mapping, not a list'],
    ['users: {1: x}', '1:12 error: must be a mapping'],
    ['rules: {}', '1:8 error: must be a list, not a mapping'],
    ['rules: [a]', '1:9 error: must be a mapping'],
    ['rules: [{match: [a]}]', '1:17 error: must be a mapping, not a list'],
    ['? [a]\n: b', '1:3 error: this cannot be a key'],
    ['m: {{a: b}: c}', '1:5 error: this cannot be a key'],
    ['m: {__proto__: c}', '1:5 error: this cannot be a key'],
    ['<<: [a]', '1:6 error: a merge (<<) takes a mapping or a list of mappings'],
    ['s: *nope', '1:4 error: no anchor "nope" above this place'],
    ['l: &a [x, *a]', '1:11 error: must be a single value, not a list'],
    ['m: &m {a: *m}', '1:11 error: must be a single value, not a mapping'],
    ['server: &a {<<: *a}', '1:17 error: the anchor "a" contains itself'],
    ['- a', '1:1 error: must be a mapping, not a list'],
    ['text', '1:1 error: must be a mapping'],
    ['s: !foo bar', '1:4 warning: Unresolved tag: !foo'],
  ]
  for (const [text, fault] of rows) t.strictSame(readSample(text).faults, [fault], text)
})

t.test('stops at aliases that multiply each other', async t => {
  const bombs = [
    // Merges of merges: ten to the ninth keys.
    [
      'x0: &x0 {s: a}',
      ...Array.from({ length: 9 }, (_, n) => `x${n + 1}: &x${n + 1} {<<: [${Array(10).fill(`*x${n}`)}]}`),
      '<<: *x9',
    ].join('\n'),
    // A long list used many times.
    `rules:\n- &r {actions: &a [${Array(1000).fill('p')}]}\n${'- *r\n'.repeat(1000)}`,
  ]
  for (const bomb of bombs) {
    const { value, faults } = readSample(bomb)
    t.equal(value, undefined)
    const errors = faults.filter(fault => fault.includes(' error: '))
    t.equal(errors.length, 1)
    t.match(errors[0], /error: aliases multiply this document too often/)
  }
  const ordinary = readSample(`rules:\n- &r {actions: &a [${Array(3).fill('p')}]}\n${'- *r\n'.repeat(5000)}`)
  t.strictSame(ordinary.faults, [], 'five thousand rules by alias are fine')
})
