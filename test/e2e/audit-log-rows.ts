import { basic } from '../support/landwaiter.ts'
import type { OciImage } from '../support/oci-image.ts'

/** One request and the line that it leaves. */
export interface AuditRow {
  readonly ask: string
  /** `dev` may all on team/*, `admin` all, `nobody` pull public/*: by token. A name and a password: by Basic. */
  readonly as: 'dev' | 'admin' | 'nobody' | readonly [name: string, password: string]
  readonly body?: string
  readonly userAgent?: string
  /** Action, kind, outcome, repository and tag, digest. */
  readonly line: string
  /** Fields with their exact values; undefined for one that must be absent. */
  readonly fields?: Readonly<Record<string, unknown>>
}

const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const NO_DIGEST = `sha256:${'0'.repeat(64)}`
const NOT_PROD = 'no rule matches (default-deny); nearest acl[1] allows pull, push, delete on team/*'

/** An attempt to have another address banned by who reads the log with a pattern. */
export const FORGED = 'x","action":"login","kind":"session","outcome":"denied","client_ip":"203.0.113.9"'

/**
 * Requests to a team/web whose tag 1.4.2 is `image`, in their order: the tag of a pull by digest comes from the check
 * before it. `uploadPath` is that of an open upload, with its query.
 */
export function auditRows(image: OciImage, uploadPath: string): readonly AuditRow[] {
  return [...loginRows(), ...readRows(image), ...writeRows(image, uploadPath)]
}

function loginRows(): readonly AuditRow[] {
  const denied = { status: 401, rule: undefined }
  return [
    {
      ask: 'GET /auth',
      as: ['admin', 'admin-password'],
      line: 'login session success',
      fields: { status: 200, scopes: undefined },
    },
    {
      ask: 'GET /auth',
      as: ['admin', 'quay'],
      userAgent: FORGED,
      line: 'login session denied',
      fields: {
        ...denied,
        actor: { name: 'admin', kind: 'user' },
        user_agent: FORGED,
        reason: 'the password is wrong',
      },
    },
    {
      ask: 'GET /auth?service=localhost',
      as: ['my secret!', 'quay'],
      line: 'login session denied',
      fields: {
        ...denied,
        actor: { name_redacted: true, kind: 'user' },
        path: '/auth',
        reason: 'there is no such user',
      },
    },
    {
      ask: 'GET /v2/',
      as: ['admin', 'quay'],
      line: 'login session denied',
      fields: { status: 401, actor: { name: 'admin', kind: 'user' }, rule: 'authentication' },
    },
    {
      ask: 'GET /auth?scope=repository:team/web:pull,push&scope=repository:other/x:pull',
      as: ['developer', 'developer-password'],
      line: 'token token success',
      fields: {
        scopes: ['repository:team/web:pull,push', 'repository:other/x:pull'],
        granted: ['repository:team/web:pull,push'],
      },
    },
  ]
}

function readRows(image: OciImage): readonly AuditRow[] {
  const { digest, size } = image.manifest
  const imageSize = [image.config, ...image.layers].reduce((sum, part) => sum + part.size, 0)
  return [
    {
      ask: `GET /v2/team/web/manifests/${digest}`,
      as: 'admin',
      line: `pull manifest success team/web ${digest}`,
      fields: {
        rule: 'acl[0]',
        status: 200,
        media_type: IMAGE,
        size,
        image_size: imageSize,
        bytes_out: size,
        tls: '1.3',
      },
    },
    {
      ask: 'HEAD /v2/team/web/manifests/1.4.2',
      as: 'dev',
      line: `check manifest success team/web:1.4.2 ${digest}`,
      fields: { rule: 'acl[1]', size, image_size: undefined, bytes_out: undefined },
    },
    {
      ask: `GET /v2/team/web/manifests/${digest}`,
      as: 'dev',
      line: `pull manifest success team/web:1.4.2 ${digest}`,
      fields: { rule: 'acl[1]', path: `/v2/team/web/manifests/${digest}`, image_size: imageSize },
    },
    {
      ask: 'GET /v2/team/web/tags/list?n=5',
      as: 'dev',
      line: 'list tags success team/web',
      fields: { path: '/v2/team/web/tags/list' },
    },
    { ask: 'GET /v2/_catalog', as: 'admin', line: 'list catalog success' },
    {
      ask: 'GET /v2/_catalog',
      as: 'dev',
      line: 'list catalog denied',
      fields: { status: 403, rule: 'default-deny' },
    },
    {
      ask: 'GET /v2/team/web/manifests/none',
      as: 'dev',
      line: 'pull manifest failed team/web:none',
      fields: { status: 404, rule: 'acl[1]', reason: '404 not found' },
    },
    {
      ask: 'GET /v2/prod/api/manifests/1.0',
      as: 'dev',
      line: 'pull manifest denied prod/api:1.0',
      fields: { status: 403, rule: 'default-deny' },
    },
  ]
}

function writeRows({ manifest, config }: OciImage, uploadPath: string): readonly AuditRow[] {
  return [
    {
      ask: `PUT ${uploadPath}&digest=${NO_DIGEST}`,
      as: 'dev',
      body: 'hello',
      line: `push blob failed team/web ${NO_DIGEST}`,
      fields: { status: 400, bytes_in: 5, size: undefined, path: uploadPath.split('?', 1)[0] },
    },
    {
      ask: 'DELETE /v2/team/web/manifests/1.4.2',
      as: 'dev',
      line: 'delete tag failed team/web:1.4.2',
      fields: { previous_digest: manifest.digest, rule: 'acl[1]' },
    },
    {
      ask: `DELETE /v2/team/web/blobs/${config.digest}`,
      as: 'dev',
      line: `delete blob success team/web ${config.digest}`,
      fields: { status: 202, rule: 'acl[1]' },
    },
    {
      ask: 'PUT /v2/prod/api/manifests/1.0',
      as: 'dev',
      body: '{}',
      line: 'push manifest denied prod/api:1.0',
      fields: { status: 403, rule: 'default-deny', bytes_in: undefined },
    },
    {
      ask: `DELETE /v2/prod/api/manifests/${manifest.digest}`,
      as: 'dev',
      line: `delete manifest denied prod/api ${manifest.digest}`,
      fields: { status: 403, reason: `developer may not delete from prod/api: ${NOT_PROD}` },
    },
    {
      ask: 'POST /v2/public/x/blobs/uploads/',
      as: 'nobody',
      line: 'push blob denied public/x',
      fields: {
        status: 401,
        rule: 'acl[2]',
        reason: 'anonymous may not push to public/x: acl[2] allows only pull',
      },
    },
  ]
}

/** The Authorization header of a row, given the tokens of those who use one. */
export function authorizationOf(
  { as }: AuditRow,
  tokens: Readonly<Record<'dev' | 'admin' | 'nobody', string>>,
): string {
  return typeof as === 'string' ? `Bearer ${tokens[as]}` : basic(as[0], as[1])
}
