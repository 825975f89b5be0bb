import t from 'tap'
import { compileGlob, matchGlob } from '../../src/policy/glob.ts'
import { quoteMeta } from '../../src/policy/regex.ts'
import { fixture, readLines } from './acl-case.ts'

/** The first line of the file holds the texts; each other one a pattern and those of them that Go says it matches. */
interface Answers {
  readonly texts?: readonly string[]
  readonly pattern: string
  readonly malformed?: boolean
  readonly matches: readonly string[]
}

function outcome(pattern: string, text: string): boolean | 'MALFORMED' {
  return compileGlob(pattern) === undefined ? 'MALFORMED' : matchGlob(pattern, text)
}

t.test("gives the recorded answers of Go's path.Match", async t => {
  const [head, ...answers] = readLines<Answers>(fixture('glob-answers.jsonl'))
  for (const { pattern, malformed = false, matches } of answers) {
    t.strictSame(
      (head?.texts ?? []).filter(text => matchGlob(pattern, text)),
      matches,
      pattern,
    )
    t.equal(
      compileGlob(pattern) === undefined,
      malformed,
      `${pattern} is ${malformed ? '' : 'not '}malformed`,
    )
  }
})

t.test('agrees with Go where the table is silent', async t => {
  const cases = [
    ['', '', true, 'the empty pattern matches the empty text only'],
    ['', 'a', false, 'the empty pattern matches the empty text only'],
    ['a/**/b', 'a/x/b', true, 'two stars are one star'],
    ['a/**', 'a/b/c', false, 'two stars do not cross a slash'],
    ['[^a]', '/', true, 'a class crosses a slash'],
    ['[.-0]', '/', true, 'a range may hold the slash'],
    ['*[^a]*c', 'b/c', false, 'the leftmost match of a chunk is not reconsidered'],
    ['*ab', 'aab', true, 'the last chunk is looked for until it ends the text'],
    ['*a*b', 'xaab', true, 'a chunk between stars may begin anywhere'],
    ['[!a]', '!', true, 'an exclamation mark does not negate'],
    ['{a,b}', '{a,b}', true, 'braces are literal'],
    ['a]', 'a]', true, 'a closing bracket alone is literal'],
    ['[z-a]', 'm', false, 'a reversed range holds nothing'],
    ['\\é', 'é', true, 'any character may be escaped'],
    ['?', '\u{1d4b3}', true, 'a character outside the basic plane is one rune'],
    ['*??', '☺', true, 'a star may stop inside a character, since Go skips bytes'],
    ['[^', '', 'MALFORMED', 'a class must end'],
    ['[a\\', 'a', 'MALFORMED', 'an escape needs a character'],
    ['x[]', 'y', 'MALFORMED', 'a fault behind the place of mismatch is seen'],
  ] as const
  for (const [pattern, text, r, why] of cases) t.strictSame(outcome(pattern, text), r, `${why}: ${pattern}`)
})

t.test('takes time in proportion to the product of the lengths', async t => {
  t.equal(matchGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(2_000)), false, 'ends, where backtracking would not')
})

t.test('quotes every metacharacter so that it is literal in globs too', async t => {
  t.equal(quoteMeta('\\.+*?()|[]{}^$'), '\\\\\\.\\+\\*\\?\\(\\)\\|\\[\\]\\{\\}\\^\\$')
  t.equal(quoteMeta('a-b/c_d@é'), 'a-b/c_d@é')
  for (const text of ['*', '[a-b]', 'j.k', 'a\\b', '?']) {
    t.equal(matchGlob(quoteMeta(text), text), true, text)
    t.equal(matchGlob(quoteMeta(text), 'a'), false, text)
  }
})
