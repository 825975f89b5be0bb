import t from 'tap'
import { parseAuthorization } from '../../src/authn/authorization.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

/** The parsed header in a form that can be compared: the password is a Secret. */
function parsed(header: string | undefined): unknown {
  const result = parseAuthorization(header)
  if (result.scheme === 'basic') return [result.credentials.name, result.credentials.password.reveal()]
  if (result.scheme === 'bearer') return { token: result.token }
  return result.scheme
}

const cases: readonly { header: string | undefined; gives: unknown; why: string }[] = [
  { header: undefined, gives: 'none', why: 'no header' },
  { header: '', gives: 'none', why: 'an empty header says nothing' },
  { header: basic('admin:secret'), gives: ['admin', 'secret'], why: 'the usual form' },
  { header: basic('UP:a:b:c'), gives: ['UP', 'a:b:c'], why: 'the first colon splits' },
  { header: basic('admin:'), gives: ['admin', ''], why: 'an empty password is a password' },
  { header: basic(':'), gives: ['', ''], why: 'the anonymous subject' },
  { header: basic(':pw'), gives: ['', 'pw'], why: 'the anonymous subject with a password' },
  { header: basic('jürgen:pässwörd€'), gives: ['jürgen', 'pässwörd€'], why: 'UTF-8' },
  { header: basic('\uFEFFa:b'), gives: ['\uFEFFa', 'b'], why: 'a byte order mark is a part of the name' },
  { header: basic('a:b\0c\n'), gives: ['a', 'b\0c\n'], why: 'control characters are kept, not cut' },
  {
    header: `Basic ${Buffer.from('a:\xE4', 'latin1').toString('base64')}`,
    gives: ['a', '\uFFFD'],
    why: 'bytes that are not UTF-8 make a wrong password, not an anonymous request',
  },
  { header: `basic ${btoa('a:b')}`, gives: ['a', 'b'], why: 'the scheme ignores case' },
  { header: `BASIC ${btoa('a:b')}`, gives: ['a', 'b'], why: 'the scheme ignores case' },
  { header: 'Basic !!!!', gives: 'malformed', why: 'no base64' },
  { header: 'Basic YWRtaW4=', gives: 'malformed', why: 'no colon' },
  { header: 'Basic YTpi YTpi', gives: 'malformed', why: 'two values' },
  { header: 'Basic  YTpi', gives: 'malformed', why: 'two spaces after the scheme' },
  { header: 'Basic\tYTpi', gives: 'malformed', why: 'a tab is no space' },
  { header: 'Basic YTpiYw', gives: 'malformed', why: 'no padding' },
  { header: 'Basic YTpiYw=', gives: 'malformed', why: 'half a padding' },
  { header: 'Basic YTpiYw===', gives: 'malformed', why: 'too much padding' },
  { header: 'Basic YTp_', gives: 'malformed', why: 'the alphabet of base64url' },
  { header: 'Basic', gives: 'malformed', why: 'nothing follows' },
  { header: 'Basic ', gives: 'malformed', why: 'nothing follows' },
  { header: basic(`a:${'x'.repeat(6000)}`), gives: ['a', 'x'.repeat(6000)], why: 'long, but bounded' },
  { header: basic(`a:${'x'.repeat(6200)}`), gives: 'malformed', why: 'more than 8 KiB' },
  { header: 'Bearer abc.def-_~+/==', gives: { token: 'abc.def-_~+/==' }, why: 'every character of a token' },
  { header: 'bearer abc', gives: { token: 'abc' }, why: 'the scheme ignores case' },
  { header: `Bearer ${'x'.repeat(32 * 1024)}`, gives: { token: 'x'.repeat(32 * 1024) }, why: '32 KiB' },
  { header: `Bearer ${'x'.repeat(32 * 1024 + 1)}`, gives: 'malformed', why: 'more than 32 KiB' },
  { header: 'Bearer', gives: 'malformed', why: 'nothing follows' },
  { header: 'Bearer a b', gives: 'malformed', why: 'two values' },
  { header: 'Bearer a,b', gives: 'malformed', why: 'no character of a token' },
  { header: 'Bearer é', gives: 'malformed', why: 'no character of a token' },
  { header: 'Digest username="a"', gives: 'malformed', why: 'another scheme' },
  { header: 'Basic:YTpi', gives: 'malformed', why: 'no scheme that exists' },
  { header: ' Basic YTpi', gives: 'malformed', why: 'a space before the scheme' },
]

t.test('reads an Authorization header as docker_auth and the registry do', async t => {
  for (const { header, gives, why } of cases) {
    t.strictSame(parsed(header), gives, `${why}: ${JSON.stringify(header?.slice(0, 40))}`)
  }
})

t.test('never repeats a part of the header in the reason', async t => {
  for (const header of [basic('hunter2'), 'Basic hunter2', 'Bearer hunter2,x', 'hunter2', 'hunter2 x']) {
    const result = parseAuthorization(header)
    t.equal(result.scheme, 'malformed')
    t.notMatch(JSON.stringify(result), /hunter2/)
  }
})
