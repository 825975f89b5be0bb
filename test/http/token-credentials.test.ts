import t from 'tap'
import { basicHeader, multipart, realmAnswer, SERVICE, startRealm, urlencoded } from './token-realm.ts'

const ANONYMOUS = { status: 200, sub: '' }
const ADMIN = { status: 200, sub: 'admin' }
const NOPW = { status: 200, sub: 'nopw' }
const WRONG = { status: 401, message: 'wrong user name or password' }
const MISMATCH = (a: string, b: string) => ({
  status: 400,
  message: `Bad request: user and account are not the same ("${a}" vs "${b}")`,
})
const RIGHT = basicHeader('admin:admin-password')
const FORM = 'username=admin&password=admin-password'

const realm = await startRealm(t)

t.test('who asks is decided as docker_auth does', async t => {
  const cases = [
    { why: 'the right password', headers: RIGHT, answer: ADMIN },
    { why: 'a wrong password', headers: basicHeader('admin:wrong'), answer: WRONG },
    { why: 'an unknown user', headers: basicHeader('nobody:x'), answer: WRONG },
    { why: 'a user that is null', headers: basicHeader('nullu:x'), answer: WRONG },
    { why: 'a user with an empty hash', headers: basicHeader('locked:'), answer: WRONG },
    { why: 'a user without a password takes any', headers: basicHeader('nopw:anything'), answer: NOPW },
    { why: 'a user without a password takes none', headers: basicHeader('nopw:'), answer: NOPW },
    { why: 'the first colon splits', headers: basicHeader('UP:a:b:c'), answer: { status: 200, sub: 'UP' } },
    {
      why: 'names and passwords are UTF-8 (RFC 7617 §2.1)',
      headers: basicHeader('ümlaut:pässword'),
      answer: { status: 200, sub: 'ümlaut' },
    },
    {
      why: 'another encoding is a wrong name, not an anonymous request',
      headers: { authorization: `Basic ${Buffer.from('ümlaut:pässword', 'latin1').toString('base64')}` },
      answer: WRONG,
    },
    { why: 'a NUL in the name', headers: basicHeader('adm\0in:admin-password'), answer: WRONG },
    { why: 'a NUL after the password', headers: basicHeader('admin:admin-password\0'), answer: WRONG },
    { why: 'names are case-sensitive', headers: basicHeader('Admin:admin-password'), answer: WRONG },

    { why: 'no header', answer: ANONYMOUS },
    { why: 'empty credentials, as old dockers send', headers: basicHeader(':'), answer: ANONYMOUS },
    { why: 'no name', headers: basicHeader(':pw'), answer: ANONYMOUS },
    { why: 'no base64', headers: { authorization: 'Basic !!!!' }, answer: ANONYMOUS },
    { why: 'no colon', headers: { authorization: 'Basic YWRtaW4=' }, answer: ANONYMOUS },
    { why: 'no padding', headers: { authorization: 'Basic YWRtaW46YQ' }, answer: ANONYMOUS },
    { why: 'another scheme', headers: { authorization: 'Bearer abc' }, answer: ANONYMOUS },
    {
      why: 'two spaces',
      headers: { authorization: RIGHT.authorization.replace(' ', '  ') },
      answer: ANONYMOUS,
    },
    {
      why: 'the scheme in lower case',
      headers: { authorization: RIGHT.authorization.replace('Basic', 'basic') },
      answer: ADMIN,
    },

    {
      why: 'account of another',
      path: '/auth?account=test',
      headers: RIGHT,
      answer: MISMATCH('admin', 'test'),
    },
    { why: 'the same account', path: '/auth?account=admin', headers: RIGHT, answer: ADMIN },
    { why: 'the first account counts', path: '/auth?account=admin&account=x', headers: RIGHT, answer: ADMIN },
    {
      why: 'an account beside no name',
      path: '/auth?account=admin',
      headers: basicHeader(':'),
      answer: MISMATCH('', 'admin'),
    },
    { why: 'an account alone proves nothing', path: '/auth?account=admin', answer: WRONG },
    { why: 'but a user without a password needs none', path: '/auth?account=nopw', answer: NOPW },

    { why: 'a form', ...urlencoded(FORM), answer: ADMIN },
    {
      why: 'a charset',
      ...urlencoded(FORM, 'application/x-www-form-urlencoded; charset=utf-8'),
      answer: ADMIN,
    },
    {
      why: 'a media type in capitals',
      ...urlencoded(FORM, 'Application/X-WWW-Form-Urlencoded'),
      answer: ADMIN,
    },
    { why: 'a wrong password', ...urlencoded('username=admin&password=wrong'), answer: WRONG },
    {
      why: 'RFC 6749 §4.3.2',
      ...urlencoded(`grant_type=password&client_id=containerd&${FORM}&access_type=offline`),
      answer: ADMIN,
    },
    {
      why: 'a multipart form',
      ...multipart([
        ['username', 'admin'],
        ['password', 'admin-password'],
      ]),
      answer: ADMIN,
    },
    { why: 'no password', ...urlencoded('username=admin&password='), answer: ANONYMOUS },
    { why: 'no name', ...urlencoded('password=admin-password'), answer: ANONYMOUS },
    {
      why: 'a password in another encoding is a wrong one, not none at all',
      ...urlencoded('username=%FCmlaut&password=p%E4ssword'),
      answer: WRONG,
    },
    {
      why: 'deviation: docker_auth would try the password on the account',
      ...urlencoded(`${FORM}&account=test`),
      answer: MISMATCH('admin', 'test'),
    },
    {
      why: 'deviation: docker_auth would log nopw in',
      ...urlencoded(`${FORM}&account=nopw`),
      answer: MISMATCH('admin', 'nopw'),
    },
    {
      why: 'an account in the query is compared too',
      path: '/auth?account=test',
      ...urlencoded(FORM),
      answer: MISMATCH('admin', 'test'),
    },
    {
      why: 'the form comes before the query',
      path: '/auth?account=test',
      ...urlencoded(`${FORM}&account=admin`),
      answer: ADMIN,
    },
    {
      why: 'Basic wins over the form',
      method: 'POST',
      body: 'username=nopw&password=x',
      headers: { ...RIGHT, 'content-type': 'application/x-www-form-urlencoded' },
      answer: ADMIN,
    },
    { why: 'credentials in a query are none', path: `/auth?${FORM}`, answer: ANONYMOUS },
    {
      why: 'deviation: nor are they in that of a POST (RFC 6749 §2.3.1)',
      path: `/auth?${FORM}`,
      method: 'POST',
      answer: ANONYMOUS,
    },
    {
      why: 'JSON is no form',
      method: 'POST',
      body: '{"username":"admin","password":"admin-password"}',
      headers: { 'content-type': 'application/json' },
      answer: ANONYMOUS,
    },
    { why: 'a body without a type', method: 'POST', body: FORM, answer: ANONYMOUS },
    { why: 'no body', method: 'POST', answer: ANONYMOUS },
    {
      why: 'a refresh token is not issued, so none is asked for',
      path: '/auth?offline_token=true&client_id=docker',
      headers: RIGHT,
      answer: ADMIN,
    },

    // Where docker_auth answers whatever the method or the grant.
    {
      why: 'deviation: docker_auth takes it for an anonymous request, and docker for a login',
      ...urlencoded('grant_type=refresh_token&refresh_token=abc&scope=repository:x:pull'),
      answer: { status: 401, message: 'grant type "refresh_token" is not offered; log in again' },
    },
    {
      why: 'deviation: not even with a password beside it',
      ...urlencoded(`grant_type=authorization_code&code=1&${FORM}`),
      answer: { status: 401, message: 'grant type "authorization_code" is not offered; log in again' },
    },
    {
      why: 'deviation: another method',
      method: 'PUT',
      headers: RIGHT,
      answer: { status: 405, message: 'the token realm takes GET and POST' },
    },
  ]
  for (const { why, path = '/auth', answer, ...options } of cases) {
    const { aud, access, ...got } = realmAnswer(await realm.request(path, options))
    t.strictSame(got, answer, `${options.body ?? path}: ${why}`)
    if (got.status === 200) t.strictSame({ aud, access }, { aud: SERVICE, access: [] })
  }
})

t.test('a form carries scopes and service as a query does', async t => {
  const access = [
    { type: 'repository', name: 'a', actions: ['pull', 'push'] },
    { type: 'repository', name: 'b', actions: ['pull'] },
  ]
  const cases = [
    urlencoded(`${FORM}&service=${SERVICE}&scope=repository:a:push,pull&scope=repository:b:pull`),
    urlencoded(`${FORM}&service=${SERVICE}&scope=repository:a:push,pull+repository:b:pull`),
    multipart([
      ['username', 'admin'],
      ['password', 'admin-password'],
      ['service', SERVICE],
      ['scope', 'repository:a:push,pull'],
      ['scope', 'repository:b:pull'],
    ]),
  ]
  for (const options of cases) {
    const answer = await realm.request('/auth', options)
    t.strictSame(realmAnswer(answer), { ...ADMIN, aud: SERVICE, access }, options.body)
    t.equal(JSON.parse(answer.text).scope, 'repository:a:pull,push repository:b:pull', 'RFC 6749 §5.1')
  }
  const both = await realm.request(
    '/auth?scope=repository:b:pull',
    urlencoded(`${FORM}&scope=repository:a:push,pull`),
  )
  t.strictSame(realmAnswer(both).access, access, "the form's scopes, then the query's")
})

t.test('every client can print why it was refused', async t => {
  const cases = [
    { options: { headers: basicHeader('admin:wrong') }, status: 401, code: 'UNAUTHORIZED' },
    { options: urlencoded('username=admin&password=wrong'), status: 401, oauth: 'invalid_grant' },
    { options: urlencoded('grant_type=refresh_token'), status: 401, oauth: 'unsupported_grant_type' },
    { options: urlencoded('scope=foo'), status: 400, oauth: 'invalid_scope' },
    { options: urlencoded('service=other'), status: 400, oauth: 'invalid_request' },
    { options: urlencoded(`${FORM}&account=x`), status: 400, oauth: 'invalid_request' },
    { options: urlencoded(`username=${'x'.repeat(70_000)}`), status: 413, oauth: 'invalid_request' },
  ]
  for (const { options, status, oauth } of cases) {
    const answer = await realm.request('/auth', options)
    t.equal(answer.status, status)
    t.equal(answer.headers['content-type'], 'application/json')
    t.equal(answer.headers['cache-control'], 'no-store')
    if (status === 401) t.equal(answer.headers['www-authenticate'], 'Basic realm="Acme \\"auth\\" server"')
    const { errors, ...members } = JSON.parse(answer.text)
    const { message } = errors[0]
    if (oauth === undefined) t.strictSame(members, {}, 'a GET is not answered as RFC 6749 says')
    else t.strictSame(members, { error: oauth, error_description: message.replaceAll('"', "'") }, message)
  }
  const { text } = await realm.request('/auth', urlencoded('service=%22a%5C%FC%0a'))
  t.match(JSON.parse(text).error_description, /^[ !#-[\]-~]+$/, 'RFC 6749 §5.2 allows these characters')
})
