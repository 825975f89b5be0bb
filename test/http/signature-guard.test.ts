import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import { Refusal } from '../../src/http/refusal.ts'
import { createSignatureGuard } from '../../src/http/signature-guard.ts'
import { OciError } from '../../src/model/errors.ts'
import type { RegistryRequest } from '../../src/model/registry-request.ts'
import type { SignatureVerdict } from '../../src/model/signature.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'

const D = `sha256:${'ab'.repeat(32)}`
const E = `sha256:${'cd'.repeat(32)}`
const DENY: SignatureVerdict = { outcome: 'deny', rule: 'require_signature[0]', message: 'no', detail: 'why' }

interface Head {
  readonly status?: number
  readonly digest?: string
  readonly known?: string
}

/** Runs the guard over one answer; returns what it did. */
async function guard(request: RegistryRequest, verdict: SignatureVerdict | undefined, head: Head = {}) {
  const pulls: unknown[] = []
  const digests: string[] = []
  const sent: Record<string, string> = {}
  const req = { headers: head.known === undefined ? {} : { 'if-none-match': head.known } } as IncomingMessage
  const res = { setHeader: (name: string, value: string) => Object.assign(sent, { [name]: value }) }
  const answering = createSignatureGuard(
    {
      requireSignature: pull => {
        pulls.push(pull)
        if (verdict === undefined) return undefined
        return async digest => {
          digests.push(digest)
          return verdict
        }
      },
    },
    { request, account: 'dev', req, res: res as unknown as ServerResponse },
  )
  req.headers = {}
  const headers = head.digest === undefined ? {} : { 'docker-content-digest': head.digest }
  const error: unknown = await answering?.({ status: head.status ?? 200, headers, bytesIn: 0 }).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  return { pulls, digests, sent, error }
}

const byTag = (method = 'GET') => parseRegistryRequest(method, '/v2/prod/api/manifests/v1')
const byDigest = parseRegistryRequest('GET', `/v2/prod/api/manifests/${D}`)

t.test('asks about the pulls of manifests only', async t => {
  const cases: readonly (readonly [call: string, pulls: readonly object[]])[] = [
    ['GET /v2/prod/api/manifests/v1', [{ name: 'prod/api', account: 'dev', tag: 'v1' }]],
    ['HEAD /v2/prod/api/manifests/v1', [{ name: 'prod/api', account: 'dev', tag: 'v1' }]],
    [`GET /v2/prod/api/manifests/${D}`, [{ name: 'prod/api', account: 'dev' }]],
    ['PUT /v2/prod/api/manifests/v1', []],
    [`DELETE /v2/prod/api/manifests/${D}`, []],
    [`GET /v2/prod/api/blobs/${D}`, []],
    [`GET /v2/prod/api/referrers/${D}`, []],
    ['GET /v2/prod/api/tags/list', []],
    ['GET /v2/', []],
  ]
  for (const [call, expected] of cases) {
    const [method = '', path = ''] = call.split(' ')
    const { pulls, error } = await guard(parseRegistryRequest(method, path), undefined, { digest: D })
    t.strictSame(pulls, expected, call)
    t.equal(error, undefined, call)
  }
})

t.test('checks the digest that is about to be sent', async t => {
  const cases: readonly (readonly [
    why: string,
    request: RegistryRequest,
    head: Head,
    digests: readonly string[],
  ])[] = [
    ['GET by tag', byTag(), { digest: D }, [D]],
    ['HEAD by tag', byTag('HEAD'), { digest: D }, [D]],
    ['GET by digest', byDigest, { digest: D }, [D]],
    ['GET by digest, no header', byDigest, {}, [D]],
    ['not modified', byTag(), { status: 304, known: `"${E}"` }, [E]],
    ['not modified, without quotes', byTag(), { status: 304, known: E }, [E]],
    ['not modified, weakly', byTag(), { status: 304, known: `W/"${E}"` }, [E]],
    ['not found', byTag(), { status: 404 }, []],
    ['refused by the registry', byTag(), { status: 401 }, []],
  ]
  for (const [why, request, head, digests] of cases) {
    t.strictSame((await guard(request, { outcome: 'pass' }, head)).digests, digests, why)
  }
})

t.test('sends nothing when the registry does not say what it is', async t => {
  for (const head of [
    {},
    { digest: 'sha256:x' },
    { known: E },
    { status: 304 },
    { status: 304, known: `"${D}", "${E}"` },
  ]) {
    const { error, digests } = await guard(byTag(), { outcome: 'pass' }, head)
    t.match(error, { oci: 'UNAVAILABLE', status: 503, headers: { 'retry-after': '5' } }, JSON.stringify(head))
    t.strictSame(digests, [])
  }
})

t.test('refuses with the rule in the audit line', async t => {
  const { error } = await guard(byTag('HEAD'), DENY, { digest: D })
  t.ok(error instanceof Refusal)
  t.match(error, {
    oci: 'DENIED',
    status: 403,
    message: 'no',
    detail: 'why',
    decision: { rule: 'require_signature[0]', reason: 'no' },
  })
})

t.test('closes with 503 when it cannot be told', async t => {
  const cause = new Error('down')
  const verdict = { outcome: 'unknown', rule: 'require_signature[0]', message: 'not now', cause } as const
  const { error } = await guard(byTag(), verdict, { digest: D })
  t.ok(error instanceof OciError && !(error instanceof Refusal))
  t.match(error, {
    oci: 'UNAVAILABLE',
    status: 503,
    message: 'not now',
    cause,
    headers: { 'retry-after': '5' },
  })
})

t.test('warns in a header that is well-formed', async t => {
  const verdict = { ...DENY, outcome: 'warn', message: 'unsigned; rule "require_signature[0]" \\' } as const
  const { error, sent } = await guard(byTag(), verdict, { digest: D })
  t.equal(error, undefined)
  t.strictSame(sent, { warning: '299 - "unsigned; rule \\"require_signature[0]\\" \\\\"' })
})
