import t from 'tap'
import { readSample } from './read-sample.ts'

// Every row is what gopkg.in/yaml.v2 2.4.0 decodes into the same structure.
t.test('reads scalars as docker_auth does', async t => {
  const rows: readonly [text: string, value: unknown][] = [
    ['s: 123', { s: '123' }],
    ['s: 0123', { s: '0123' }],
    ['s: 1.50', { s: '1.50' }],
    ['s: yes', { s: 'yes' }],
    ['s: TRUE', { s: 'TRUE' }],
    ['s: 2001-01-01', { s: '2001-01-01' }],
    ['s: 1:30', { s: '1:30' }],
    ['s: 0x10', { s: '0x10' }],
    ['s: .inf', { s: '.inf' }],
    ['s: "\\x41"', { s: 'A' }],
    ["s: 'it''s'", { s: "it's" }],
    ['s: |\n  abc\n', { s: 'abc\n' }],
    ['s: |-\n  abc\n', { s: 'abc' }],
    ['s: a\n  b\n', { s: 'a b' }],
    ['s: >\n  a\n  b\n', { s: 'a b\n' }],
    ['s: !!int 12', { s: '12' }],
    ['s: !!float 1.50', { s: '1.50' }],
    ['s: !!binary aGVsbG8=', { s: 'hello' }],
    ['s: null', {}],
    ['s: ~', {}],
    ['s:', {}],
    ["s: ''", { s: '' }],
    ["s: 'null'", { s: 'null' }],
    ['i: 900', { i: 900 }],
    ['i: 0x10', { i: 16 }],
    ['i: 0X1F', { i: 31 }],
    ['i: 0b11', { i: 3 }],
    ['i: 0B11', { i: 3 }],
    ['i: 0o17', { i: 15 }],
    ['i: 0700', { i: 448 }],
    ['i: 0900', { i: 900 }],
    ['i: 1_000', { i: 1000 }],
    ['i: 1_', { i: 1 }],
    ['i: 0x_1_0', { i: 16 }],
    ['i: +900', { i: 900 }],
    ['i: -5', { i: -5 }],
    ['i: -0x10', { i: -16 }],
    ['i: -0b11', { i: -3 }],
    ['i: 9e2', { i: 900 }],
    ['i: 9e+2', { i: 900 }],
    ['i: 900.7', { i: 900 }],
    ['i: .5', { i: 0 }],
    ['i: 9.', { i: 9 }],
    ['i: !!int "900"', { i: 900 }],
    ['i: ', {}],
    ['%YAML 1.1\n---\ni: 010', { i: 8 }],
    ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'].map(
      word => [`b: ${word}`, { b: true }] as [string, unknown],
    ),
    ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'].map(
      word => [`b: ${word}`, { b: false }] as [string, unknown],
    ),
    ['b: !!bool "yes"', { b: true }],
    ['b: ~', {}],
    ['l: [~, 1, yes, 0x10]', { l: ['', '1', 'yes', '0x10'] }],
    ['l: ~', {}],
    ['l: []', { l: [] }],
    ['m: {a: ~, b: 1, c}', { m: { a: '', b: '1', c: '' } }],
    [
      'm: {y: z, 1.0: q, .inf: 3, 0x10: h, 2001-01-01: d}',
      { m: { y: 'z', '1.0': 'q', '.inf': '3', '0x10': 'h', '2001-01-01': 'd' } },
    ],
    ['users: {a: ~, b: {}, "": {}, 123: {}}', { users: { a: null, b: {}, '': {}, 123: {} } }],
    ['users: {a: {labels: {g: ~}}}', { users: { a: { labels: { g: [] } } } }],
    ['rules: [{comment: 12}, {match: {account: }}]', { rules: [{ comment: '12' }, { match: {} }] }],
    ['{"s": "json", "l": ["a"]}', { s: 'json', l: ['a'] }],
    ['\uFEFFs: a\r\ni: 1\r\n', { s: 'a', i: 1 }],
    ['s: x\n---\ns: y', { s: 'x' }],
    ['s: x\n...\ngarbage: [', { s: 'x' }],
  ]
  for (const [text, value] of rows) t.strictSame(readSample(text), { value, faults: [] }, text)
})

t.test('merges anchors and duplicate keys in the order of the file, as docker_auth does', async t => {
  const rows: readonly [text: string, value: unknown, faults?: readonly string[]][] = [
    ['<<: {s: q}', { s: 'q' }],
    ['"<<": {s: q}\ns: x', { s: 'x' }, ['1:1 warning: unknown key "<<"']],
    [
      'rules:\n- &x {match: {account: a}, actions: [p]}\n- {actions: [q], <<: *x}\n- {<<: *x, actions: [r]}\n- {<<: *x, match: {name: n}}',
      {
        rules: [
          { match: { account: 'a' }, actions: ['p'] },
          { actions: ['p'], match: { account: 'a' } },
          { match: { account: 'a' }, actions: ['r'] },
          { match: { account: 'a', name: 'n' }, actions: ['p'] },
        ],
      },
    ],
    [
      'rules:\n- &x {match: {account: a}}\n- &y {match: {account: c, name: b}, actions: [z]}\n- <<: [*x, *y]',
      {
        rules: [
          { match: { account: 'a' } },
          { match: { account: 'c', name: 'b' }, actions: ['z'] },
          { match: { account: 'a', name: 'b' }, actions: ['z'] },
        ],
      },
    ],
    [
      'users: {a: &u {password: x, labels: {g: [1]}}, b: {<<: *u, labels: {h: [2]}}, c: *u}',
      {
        users: {
          a: { password: 'x', labels: { g: ['1'] } },
          b: { password: 'x', labels: { g: ['1'], h: ['2'] } },
          c: { password: 'x', labels: { g: ['1'] } },
        },
      },
    ],
    [
      'server: {addr: a}\nserver: {path_prefix: /x}',
      { server: { addr: 'a', path_prefix: '/x' } },
      ['2:1 warning: duplicate key "server": the later one wins'],
    ],
    [
      'users: {a: {password: x, labels: {x: [a]}}, a: {labels: {y: [b]}}}',
      { users: { a: { labels: { y: ['b'] } } } },
      ['1:45 warning: duplicate key "a": the later one wins'],
    ],
    [
      'rules: [{match: {account: a}, match: {name: b}, actions: [a], actions: [b]}]',
      { rules: [{ match: { account: 'a', name: 'b' }, actions: ['b'] }] },
      [
        '1:31 warning: duplicate key "match": the later one wins',
        '1:63 warning: duplicate key "actions": the later one wins',
      ],
    ],
    [
      'rules: [{match: {labels: {a: x}, labels: {b: y}}}]',
      { rules: [{ match: { labels: { a: 'x', b: 'y' } } }] },
      ['1:34 warning: duplicate key "labels": the later one wins'],
    ],
    ['m: {a: 1}\nm: ~', {}, ['2:1 warning: duplicate key "m": the later one wins']],
    [
      'm: {~: 1, null: 2}',
      { m: { '': '2' } },
      [
        '1:5 warning: this key means the empty text',
        '1:11 warning: this key means the empty text',
        '1:11 warning: duplicate key "": the later one wins',
      ],
    ],
  ]
  for (const [text, value, faults = []] of rows) t.strictSame(readSample(text), { value, faults }, text)
})
