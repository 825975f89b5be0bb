import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { MANIFEST_ACCEPT } from '../../src/oci/manifest-types.ts'
import { pushBareRepositories } from '../support/bare-repositories.ts'
import {
  basic,
  SAMPLE,
  startLandwaiter,
  type TestAnswer,
  type TestLandwaiter,
} from '../support/landwaiter.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'

const COUNT = 60
/** What the developer may pull: first, last and in between, two of them neighbours. */
const OPEN = [0, 17, 18, 41, 59]
const NAMES = Array.from({ length: COUNT }, (_, i) => {
  const place = `p${String(i).padStart(2, '0')}`
  return OPEN.includes(i) ? `${place}/open` : `${place}/closed`
})
const VISIBLE = NAMES.filter(name => name.endsWith('open'))
const CATALOG = { type: 'registry', name: 'catalog' }

const CONFIG = {
  users: {
    ...SAMPLE.users,
    guest: { password: SAMPLE.users.admin.password },
    nobody: { password: SAMPLE.users.admin.password },
  },
  acl: [
    { match: { account: 'admin' }, actions: ['*'] },
    { name: 'no lists for guests', match: { account: 'guest', ...CATALOG }, actions: [] },
    { match: { ...CATALOG }, actions: ['*'] },
    { match: { account: 'developer', name: '/^p[0-9]+\\/open$/' }, actions: ['pull'] },
  ],
}

const DEVELOPER = basic('developer')
const ADMIN = basic('admin')
const GUEST = basic('guest', 'admin-password')
const NOBODY = basic('nobody', 'admin-password')

type Ask = (path: string) => Promise<TestAnswer>

const asking =
  (lw: TestLandwaiter, authorization: string): Ask =>
  path =>
    lw.request(path, { headers: { authorization, accept: MANIFEST_ACCEPT } })

/** The answers of a list, page by page as the links lead. */
async function follow(ask: Ask, path: string): Promise<readonly TestAnswer[]> {
  const pages: TestAnswer[] = []
  let next: string | undefined = path
  while (next !== undefined && pages.length <= COUNT) {
    const page: TestAnswer = await ask(next)
    pages.push(page)
    next = /^<([^>]*)>; rel="next"$/.exec(linkOf(page))?.[1]
  }
  return pages
}

const linkOf = ({ headers }: TestAnswer) => String(headers['link'] ?? '')
const repositoriesOf = ({ text }: TestAnswer): readonly string[] => JSON.parse(text).repositories
const tagsOf = ({ text }: TestAnswer): readonly string[] => JSON.parse(text).tags

t.test('the catalog of a registry with 60 repositories', async t => {
  const registry = await startRealRegistry(t)
  await pushBareRepositories(registry, NAMES)
  const lw = await startLandwaiter(t, { config: { registry: { upstream: registry.upstream }, ...CONFIG } })

  await t.test('shows a user exactly the five that he may pull, page by page', async t => {
    const pages = await follow(asking(lw, DEVELOPER), '/v2/_catalog?n=2')
    t.strictSame(
      pages.map(page => [page.status, repositoriesOf(page), linkOf(page)]),
      [
        [200, ['p00/open', 'p17/open'], '</v2/_catalog?last=p17%2Fopen&n=2>; rel="next"'],
        [200, ['p18/open', 'p41/open'], '</v2/_catalog?last=p41%2Fopen&n=2>; rel="next"'],
        [200, ['p59/open'], ''],
      ],
    )
  })

  await t.test('names nothing else, on no page of any size, nor in a header', async t => {
    for (const n of ['', '?n=1', '?n=2', '?n=3', '?n=4', '?n=5', '?n=6', '?n=1000']) {
      const pages = await follow(asking(lw, DEVELOPER), `/v2/_catalog${n}`)
      t.strictSame(pages.flatMap(repositoriesOf), VISIBLE, `the five, in order, with "${n}"`)
      const size = Number(n.slice(3)) || COUNT
      t.equal(pages.length, Math.ceil(VISIBLE.length / size), `in as few pages as there can be, with "${n}"`)
      t.notMatch(JSON.stringify(pages), /closed/, `no other name, with "${n}"`)
    }
  })

  await t.test('continues after any name, whether the user may see it or not', async t => {
    const after = async (last: string) =>
      repositoriesOf(await asking(lw, DEVELOPER)(`/v2/_catalog?n=2&last=${encodeURIComponent(last)}`))
    t.strictSame(await after('p17/open'), ['p18/open', 'p41/open'])
    t.strictSame(await after('p30/closed'), ['p41/open', 'p59/open'])
    t.strictSame(await after('p17/a-name-that-is-not-there'), ['p17/open', 'p18/open'])
    t.strictSame(await after('p59/open'), [])
  })

  await t.test('needs a token for the catalog, or a password', async t => {
    const token = await lw.token('developer', 'registry:catalog:*')
    const pages = await follow(asking(lw, `Bearer ${token}`), '/v2/_catalog?n=2')
    t.strictSame(pages.flatMap(repositoriesOf), VISIBLE, 'the same with a token for the catalog alone')
    const other = await lw.token('developer', 'repository:p00/open:pull')
    t.equal((await asking(lw, `Bearer ${other}`)('/v2/_catalog')).status, 401, 'not with another token')
  })

  await t.test('shows the administrator everything', async t => {
    const pages = await follow(asking(lw, ADMIN), '/v2/_catalog?n=7')
    t.strictSame(pages.flatMap(repositoriesOf), NAMES)
    t.equal(pages.length, Math.ceil(COUNT / 7))
    const exact = await follow(asking(lw, ADMIN), '/v2/_catalog?n=30')
    t.strictSame(
      exact.map(page => repositoriesOf(page).length),
      [30, 30],
      'and no empty page at the end',
    )
  })

  await t.test('is empty for who may pull nothing', async t => {
    const pages = await follow(asking(lw, NOBODY), '/v2/_catalog?n=2')
    t.strictSame(pages.map(repositoriesOf), [[]])
    t.strictSame(pages.map(linkOf), [''])
  })

  await t.test('is refused with its rule to who has no right to it', async t => {
    const { status, text } = await asking(lw, GUEST)('/v2/_catalog?n=2')
    t.equal(status, 403)
    t.match(JSON.parse(text).errors, [
      { code: 'DENIED', message: /guest may not .*catalog.*"no lists for guests"/ },
    ])
    t.notMatch(text, /p[0-9]{2}\//)
    t.match(lw.audit().at(-1), {
      action: 'list',
      kind: 'catalog',
      outcome: 'denied',
      rule: 'no lists for guests',
    })
  })
})

t.test('the tags of a repository, of which a rule allows some', async t => {
  const registry = await startRealRegistry(t)
  const all = ['v10', 'nightly', 'v1', 'latest', 'v2', 'Dev', 'v3', 'dev-1', 'v2.1']
  const digest = await pushBareRepositories(registry, ['team/app'], all)
  await pushBareRepositories(registry, ['team/other'], ['dev-1', 'dev-2'])
  const lw = await startLandwaiter(t, {
    config: {
      registry: { upstream: registry.upstream },
      acl: [
        { match: { account: 'admin' }, actions: ['*'] },
        {
          name: 'releases',
          match: { account: 'developer', name: 'team/*' },
          tags: ['v*'],
          actions: ['pull'],
        },
      ],
    },
  })
  const RELEASES = ['v1', 'v10', 'v2', 'v2.1', 'v3']

  await t.test('are listed as far as they are allowed, two at a time', async t => {
    const pages = await follow(asking(lw, DEVELOPER), '/v2/team/app/tags/list?n=2')
    t.strictSame(
      pages.map(page => [page.status, tagsOf(page), linkOf(page)]),
      [
        [200, ['v1', 'v10'], '</v2/team/app/tags/list?last=v10&n=2>; rel="next"'],
        [200, ['v2', 'v2.1'], '</v2/team/app/tags/list?last=v2.1&n=2>; rel="next"'],
        [200, ['v3'], ''],
      ],
    )
    t.notMatch(JSON.stringify(pages), /nightly|latest|[dD]ev(?!eloper)/)
    const none = await asking(lw, DEVELOPER)('/v2/team/other/tags/list')
    t.strictSame(JSON.parse(none.text), { name: 'team/other', tags: [] }, 'none where none is allowed')
    const admin = await follow(asking(lw, ADMIN), '/v2/team/app/tags/list?n=4')
    t.strictSame(admin.flatMap(tagsOf), all.toSorted(), 'all of them for who may pull all')
  })

  await t.test('are pulled as far as they are listed', async t => {
    const certDir = tempDir(t)
    copyFileSync(lw.caFile, join(certDir, 'ca.crt'))
    const skopeo = createSkopeo(t, { kind: 'ca', certDir })
    await skopeo.login(lw.host, { user: 'developer', password: 'developer-password' })
    const listed = await skopeo.listTags(`${lw.host}/team/app`)
    t.strictSame(JSON.parse(listed.stdout).Tags, RELEASES, 'skopeo list-tags')
    const allowed = await skopeo.inspect(`${lw.host}/team/app:v2.1`)
    t.equal(allowed.code, 0, 'skopeo inspect of a release', { stderr: allowed.stderr })
    const denied = await skopeo.inspect(`${lw.host}/team/app:latest`)
    t.not(denied.code, 0)
    t.match(denied.stderr, /developer may not pull from team\/app:latest/)
    for (const tag of all) {
      const expected = RELEASES.includes(tag) ? 200 : 403
      t.equal((await asking(lw, DEVELOPER)(`/v2/team/app/manifests/${tag}`)).status, expected, tag)
    }
    const byDigest = await asking(lw, DEVELOPER)(`/v2/team/app/manifests/${digest}`)
    t.equal(byDigest.status, 200, 'and by digest, as some tag of the repository is')
  })
})
