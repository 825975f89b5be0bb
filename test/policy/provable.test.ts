import t from 'tap'
import { compileGlob } from '../../src/policy/glob.ts'
import { matchedText, utf8Bytes } from '../../src/policy/matched-text.ts'
import { createMatchers } from '../../src/policy/matcher.ts'
import { covers } from '../../src/policy/pattern-cover.ts'
import { compileRegex } from '../../src/policy/regex.ts'
import { regexLiterals } from '../../src/policy/regex-literals.ts'
import { createRandom } from './random.ts'

t.test('finds only literals that every match of an expression holds', async t => {
  const random = createRandom(1)
  const tokens = [
    'a',
    'b',
    '-',
    '\\.',
    '\\/',
    '.',
    'a*',
    'b?',
    'a+',
    'a{2}',
    'b{0,1}',
    '[ab]',
    '[^a]',
    '(a|b)',
    '(?:ab)',
    '(ab)?',
    '|',
    '^',
    '$',
    '(?i)',
    '(?i:a)',
    '\\b',
    '\\d',
    '{',
    '}',
    ']',
    '{,2}',
    '{a}',
    '\\Qa.\\E',
    '(?P<x>a)',
    '\\x61',
    ' ',
  ]
  const texts = [
    '',
    'a',
    'b',
    'ab',
    'ba',
    'aab',
    'a.b',
    'A',
    'AB',
    'a-b',
    '-',
    'a/b',
    'abab',
    'a b',
    'b.a',
    'aa',
    '1',
    'xab',
    'abx',
    'a{b}',
    'a]',
    '{,2}',
    'a\n',
    'ab\nb',
  ]
  let found = 0
  for (let count = 0; count < 20_000; count++) {
    const source = (random.chance(0.4) ? '^' : '') + random.some(tokens, 5).join('')
    const result = compileRegex(source)
    if ('fault' in result) continue
    const { prefix, suffix, needed } = regexLiterals(source)
    if (needed !== '') found += 1
    for (const text of texts) {
      const holds = text.startsWith(prefix) && text.endsWith(suffix) && text.includes(needed)
      if (!result.regex.test(text) || holds) continue
      t.fail(JSON.stringify({ source, text, prefix, suffix, needed }))
      return
    }
  }
  t.ok(found > 2_000, `${found} expressions have a literal`)
  for (const [source, prefix, suffix, needed] of [
    ['^team-1\\/.*$', 'team-1/', '', 'team-1/'],
    ['^team-1\\/(a|b)-prod$', 'team-1/', '-prod', 'team-1/'],
    ['-prod$', '', '-prod', '-prod'],
    ['-prod\\$', '', '', '-prod$'],
    ['^abc+d', 'abc', '', 'abc'],
    ['^abc?', 'ab', '', 'ab'],
    ['^ab?$', 'a', '', 'a'],
    ['^a|b$', '', '', ''],
    ['^a-${labels:x}\\/', 'a-', '', '{labels:x}/'],
    ['(?i)^abc', '', '', ''],
    ['^x[a|b]yz', 'x', '', 'yz'],
  ] as const) {
    t.strictSame(regexLiterals(source), { prefix, suffix, needed }, source)
  }
})

t.test('says that a pattern covers another only where it does', async t => {
  const random = createRandom(2)
  const matchers = createMatchers()
  const pieces = ['a', 'b', '/', '*', '?', '[ab]', '[^b]', '\\a', '[.-0]']
  const texts = Array.from({ length: 300 }, () => random.some(['a', 'b', '/', 'ab'], 5).join(''))
  let covered = 0
  for (let count = 0; count < 20_000; count++) {
    const outer = random.chance(0.2)
      ? `/${random.pick(['^a', 'b$', '.*', 'a.b'])}/`
      : random.some(pieces, 4).join('')
    const inner = random.chance(0.5)
      ? outer.replace('*', random.pick(['a', '?', 'a*', '/', '[^b]']))
      : random.some(pieces, 5).join('')
    if (!covers(outer, inner, matchers)) continue
    if (outer !== inner) covered += 1
    const matches = (pattern: string, text: string) => matchers.written(pattern).matches(matchedText(text))
    const gap = texts.find(text => matches(inner, text) && !matches(outer, text))
    if (gap === undefined) continue
    t.fail(JSON.stringify({ outer, inner, gap }))
    return
  }
  t.ok(covered > 500, `${covered} pairs are covered`)
})

t.test('compiles a glob to the same answers with its end known', async t => {
  const glob = compileGlob('*/ap[pi]-é')
  t.equal(glob?.(utf8Bytes('x/app-é')), true)
  t.equal(glob?.(utf8Bytes('x/app-e')), false)
})
