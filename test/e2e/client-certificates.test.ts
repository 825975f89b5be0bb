import { readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { parse, stringify } from 'yaml'
import { type ClientPair, createClientCa, type TestClientCa } from '../support/client-ca.ts'
import { basic, SAMPLE, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { startRealRegistry } from '../support/real-registry.ts'

const ACL = [
  ...SAMPLE.acl,
  { match: { account: 'deployer', name: 'prod/*' }, actions: ['pull'] },
  { match: { labels: { cert_ou: 'build' }, name: 'ci/${labels:cert_cn}/*' }, actions: ['pull', 'push'] },
]

/** A landwaiter that accepts the certificates of `ca`. */
async function start(t: Test, ca: TestClientCa, mode: 'request' | 'require' = 'request') {
  const { upstream } = await startRealRegistry(t)
  return await startLandwaiter(t, {
    config: {
      registry: { upstream, auth: 'none' },
      tls: { mode: 'internal', client_auth: { ca_file: ca.file, mode } },
      acl: ACL,
    },
  })
}

interface Asked {
  readonly pair?: ClientPair
  readonly authorization?: string
  readonly origin?: string
  readonly method?: 'GET' | 'POST' | 'HEAD'
}

/** Asks on a connection of its own. */
async function ask(
  landwaiter: TestLandwaiter,
  path: string,
  { pair, authorization, origin, method = 'GET' }: Asked = {},
) {
  const trusted = readFileSync(landwaiter.caFile)
  const client = pair === undefined ? {} : { cert: pair.cert, key: pair.key }
  const agent = new Agent({ connect: { ca: trusted, ...client } })
  try {
    const headers = {
      ...(authorization === undefined ? {} : { authorization }),
      ...(origin === undefined ? {} : { origin }),
    }
    const answer = await request(landwaiter.url + path, { dispatcher: agent, headers, method })
    const text = await answer.body.text()
    const [error] = text.startsWith('{') ? (JSON.parse(text).errors ?? []) : []
    return {
      status: answer.statusCode,
      text,
      says: error?.message,
      challenge: String(answer.headers['www-authenticate']),
    }
  } finally {
    await agent.destroy()
  }
}

function claimsOf({ text }: { readonly text: string }) {
  const { token } = JSON.parse(text)
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
  return { token, authorization: `Bearer ${token}`, ...claims }
}

t.test('a client without a login is whom its certificate names', async t => {
  const ca = createClientCa(t)
  const pair = ca.issue({ subject: '/CN=ci-runner/OU=build' })
  const landwaiter = await start(t, ca)

  t.test('a token is issued to it and carries its labels', async t => {
    const asked =
      '/auth?service=localhost&scope=repository:ci/ci-runner/app:pull,push&scope=repository:prod/app:pull'
    const claims = claimsOf(await ask(landwaiter, asked, { pair }))
    t.match(claims, {
      sub: 'ci-runner',
      landwaiter: { via: 'certificate', labels: { cert_cn: ['ci-runner'], cert_ou: ['build'] } },
    })
    t.strictSame(claims.access, [
      { type: 'repository', name: 'ci/ci-runner/app', actions: ['pull', 'push'] },
      { type: 'repository', name: 'prod/app', actions: [] },
    ])
    const { authorization } = claims
    const read = await ask(landwaiter, '/v2/ci/ci-runner/app/manifests/1', { authorization })
    t.match(read, { status: 404 }, 'and is good without the certificate')
    t.match(
      landwaiter.audit().findLast(({ kind }) => kind === 'token'),
      {
        actor: { name: 'ci-runner', kind: 'user', via: 'certificate' },
      },
    )
  })

  t.test('a request without a token is decided for it', async t => {
    t.match(await ask(landwaiter, '/v2/ci/ci-runner/app/manifests/1', { pair }), { status: 404 })
    t.match(landwaiter.audit().at(-1), { actor: { name: 'ci-runner', via: 'certificate' } })
    const denied = await ask(landwaiter, '/v2/prod/app/manifests/1', { pair })
    t.match(denied, { status: 401, says: /^ci-runner may not pull from prod\/app:1: no rule matches/ })
    t.match(denied.challenge, /scope="repository:prod\/app:pull"/, 'since a login may do more')
    t.match(landwaiter.audit().at(-1), {
      outcome: 'denied',
      rule: 'default-deny',
      actor: { name: 'ci-runner' },
    })
    const ping = await ask(landwaiter, '/v2/', { pair })
    t.match(
      ping,
      { status: 401, says: 'authentication required' },
      'a ping asks for the token, or docker would send none',
    )
  })

  t.test('a login wins over the certificate', async t => {
    const authorization = basic('developer')
    t.equal(claimsOf(await ask(landwaiter, '/auth', { pair, authorization })).sub, 'developer')
    t.match(await ask(landwaiter, '/v2/', { pair, authorization }), { status: 200 })
    const mine = '/v2/ci/ci-runner/app/manifests/1'
    t.match(await ask(landwaiter, mine, { pair, authorization }), { status: 403, says: /^developer may not/ })
    const { authorization: token } = claimsOf(await ask(landwaiter, '/auth', { authorization }))
    t.match(await ask(landwaiter, mine, { pair, authorization: token }), {
      status: 403,
      says: /^developer may not/,
    })
    for (const wrong of [basic('developer', 'wrong'), 'Bearer x.y.z', 'Basic !', 'Negotiate x']) {
      t.match(await ask(landwaiter, mine, { pair, authorization: wrong }), { status: 401 }, wrong)
    }
    t.match(await ask(landwaiter, '/auth', { pair, authorization: basic('developer', 'wrong') }), {
      status: 401,
    })
    t.equal(
      claimsOf(await ask(landwaiter, '/auth', { pair, authorization: 'Negotiate x' })).sub,
      '',
      'nobody, as in docker_auth',
    )
    t.equal(claimsOf(await ask(landwaiter, '/auth', { pair, authorization: basic('') })).sub, 'ci-runner')
    t.equal(claimsOf(await ask(landwaiter, '/auth?account=ci-runner', { pair })).sub, 'ci-runner')
    t.match(await ask(landwaiter, '/auth?account=admin', { pair }), {
      status: 401,
      says: 'wrong user name or password',
    })
  })

  t.test('a page in a browser gains nothing by the certificate of its reader', async t => {
    const asked = { pair, origin: 'https://evil.example', method: 'POST' } as const
    const started = await ask(landwaiter, '/v2/ci/ci-runner/app/blobs/uploads/', asked)
    t.match(started, { status: 401, says: 'authentication required' })
    t.equal(claimsOf(await ask(landwaiter, '/auth', asked)).sub, '')
  })

  t.test('without a certificate everything is as before', async t => {
    t.equal(claimsOf(await ask(landwaiter, '/auth')).sub, '')
    t.match(await ask(landwaiter, '/v2/public/app/manifests/1'), {
      status: 401,
      says: 'authentication required',
    })
  })
})

t.test('a certificate that is not accepted makes nobody of its client, and the answer says why', async t => {
  const ca = createClientCa(t)
  const landwaiter = await start(t, ca)
  const expired = ca.issue({ subject: '/CN=admin', from: '20200101000000Z', to: '20210101000000Z' })
  const foreign = createClientCa(t).issue({ subject: '/CN=admin' })
  const rows = [
    [expired, 'the client certificate is not accepted: it or its CA has expired'],
    [foreign, 'the client certificate is not accepted: no CA that is trusted here has issued it'],
  ] as const
  for (const [pair, says] of rows) {
    t.match(await ask(landwaiter, '/auth?scope=repository:public/app:pull', { pair }), { status: 401, says })
    const direct = await ask(landwaiter, '/v2/public/app/manifests/1', { pair })
    t.match(direct, { status: 401, says })
    t.match(direct.challenge, /error="invalid_token"/)
    const { actor, outcome, reason } = landwaiter.audit().at(-1) ?? {}
    t.match({ actor, outcome, reason }, { actor: { kind: 'anonymous' }, outcome: 'denied', reason: says })
    const authorization = basic('developer')
    t.equal(
      claimsOf(await ask(landwaiter, '/auth', { pair, authorization })).sub,
      'developer',
      'a login still counts',
    )
  }
})

t.test('what a certificate says is no pattern', async t => {
  const ca = createClientCa(t)
  const landwaiter = await start(t, ca)
  for (const name of ['*', '**', '?i-runner', '/.*/']) {
    const pair = ca.issue({ subject: `/CN=${name.replaceAll('/', '\\/')}/OU=build` })
    const claims = claimsOf(
      await ask(landwaiter, '/auth?scope=repository:ci/ci-runner/app:pull,push', { pair }),
    )
    t.match({ sub: claims.sub, actions: claims.access[0].actions }, { sub: name, actions: [] }, name)
  }
})

t.test('a required certificate comes before everything, a login too', async t => {
  const ca = createClientCa(t)
  const landwaiter = await start(t, ca, 'require')
  const pair = ca.issue({ subject: '/CN=ci-runner/OU=build' })
  const expired = ca.issue({ subject: '/CN=ci-runner', from: '20200101000000Z', to: '20210101000000Z' })
  t.equal(claimsOf(await ask(landwaiter, '/auth', { pair })).sub, 'ci-runner')
  t.equal(claimsOf(await ask(landwaiter, '/auth', { pair, authorization: basic('admin') })).sub, 'admin')
  for (const refused of [undefined, expired, createClientCa(t).issue({ subject: '/CN=ci-runner' })]) {
    const asked = { authorization: basic('admin'), ...(refused === undefined ? {} : { pair: refused }) }
    await t.rejects(ask(landwaiter, '/livez', asked), 'the connection ends with the handshake')
  }
  const certificates = landwaiter.log.map(({ fields }) => fields['certificate'])
  t.ok(certificates.includes('CERT_HAS_EXPIRED'), 'and the log says why')
})

t.test('a token of a certificate is held to the rules that are in force', async t => {
  const ca = createClientCa(t)
  const landwaiter = await start(t, ca)
  const pair = ca.issue({ subject: '/CN=ci-runner/OU=build' })
  const path = '/v2/ci/ci-runner/app/manifests/1'
  const { authorization } = claimsOf(
    await ask(landwaiter, '/auth?scope=repository:ci/ci-runner/app:pull', { pair }),
  )
  t.match(await ask(landwaiter, path, { authorization }), { status: 404 })
  const config = parse(readFileSync(landwaiter.file, 'utf8'))
  const acl = [{ match: { account: 'ci-runner' }, actions: [], comment: 'stolen' }, ...ACL]
  writeFileSync(landwaiter.file, stringify({ ...config, acl }))
  t.match(await landwaiter.app.reload(), { outcome: 'loaded' })
  t.match(await ask(landwaiter, path, { authorization }), {
    status: 403,
    says: /^ci-runner may not .*acl\[0\]/,
  })
  t.match(await ask(landwaiter, path, { pair }), { status: 401, says: /^ci-runner may not .*acl\[0\]/ })
  writeFileSync(landwaiter.file, stringify({ ...config, acl, hide_unauthorized: true }))
  t.match(await landwaiter.app.reload(), { outcome: 'loaded' })
  t.match(await ask(landwaiter, path, { authorization }), { status: 404, says: 'manifest unknown' })
  t.match(await ask(landwaiter, path, { pair }), { status: 401 }, 'whoever may log in is asked to')
})
