import { z } from 'zod'
import { acmeFaults } from './acme-faults.ts'
import { parseListenAddress } from './address.ts'
import { resolveRegistry, resolveServer, resolveToken } from './resolve.ts'
import { resolveTls } from './resolve-tls.ts'
import { always } from './schema-kit.ts'
import { AclCompatSchema, AclSchema } from './section-acl.ts'
import { AuditSchema } from './section-audit.ts'
import { CacheSchema, resolveCache } from './section-cache.ts'
import { ServerSchema, TokenSchema } from './section-docker-auth.ts'
import {
  CasbinAuthzSchema,
  ExtAuthSchema,
  ExtAuthzSchema,
  givenExternal,
  HttpAuthzSchema,
} from './section-external.ts'
import { ImmutableTagsSchema, ManifestRulesSchema, ProtectedTagsSchema } from './section-guards.ts'
import {
  DomainsSchema,
  ListenSchema,
  TlsSchema,
  TrustedProxiesSchema,
  WorkersSchema,
} from './section-network.ts'
import { LimitsSchema, LogSchema } from './section-output.ts'
import { RegistrySchema, readsDirectly } from './section-registry.ts'
import { RequireSignatureSchema } from './section-signature.ts'
import { type StaticUser, UsersSchema } from './section-users.ts'

/** Stand for sections that are not there, which is right beside another source of users or rights. */
const NO_USERS: ReadonlyMap<string, StaticUser> = new Map()
const NO_ACL: z.output<typeof AclSchema> = []

/** The sections of the file, each as it is written there. */
export const FileSchema = z.strictObject({
  domains: DomainsSchema,
  listen: ListenSchema,
  workers: WorkersSchema,
  tls: TlsSchema,
  token: TokenSchema,
  registry: RegistrySchema,
  cache: CacheSchema,
  users: UsersSchema.optional().transform(users => users ?? NO_USERS),
  acl: AclSchema.optional().transform(acl => acl ?? NO_ACL),
  acl_compat: AclCompatSchema,
  ext_auth: ExtAuthSchema.optional(),
  ext_authz: ExtAuthzSchema.optional(),
  http_authz: HttpAuthzSchema.optional(),
  casbin_authz: CasbinAuthzSchema.optional(),
  require_signature: RequireSignatureSchema,
  hide_unauthorized: z
    .boolean()
    .default(false)
    .describe('Answer denied reads of logged-in users as if the repository did not exist.'),
  immutable_tags: ImmutableTagsSchema,
  protected_tags: ProtectedTagsSchema,
  manifest_rules: ManifestRulesSchema,
  audit: AuditSchema,
  trusted_proxies: TrustedProxiesSchema,
  state_dir: z
    .string()
    .min(1, 'must not be empty')
    .default('/var/lib/landwaiter')
    .describe('Directory of generated keys and certificates. Default: `LANDWAITER_STATE_DIR`, else this.'),
  log: LogSchema,
  limits: LimitsSchema,
  server: ServerSchema,
})

/** The file's sections after their own checks, before they are related to each other. */
export type FileConfig = z.output<typeof FileSchema>

/**
 * THE schema: a superset of docker_auth's file. What it puts out has every default filled in and the
 * sections' influence on each other settled.
 */
export const ConfigSchema = FileSchema.refine(
  ({ tls, server }) => tls?.mode !== 'files' || (tls.certificate ?? server?.certificate) !== undefined,
  { error: 'mode "files" needs tls.certificate and tls.key', path: ['tls', 'mode'], ...always },
)
  .refine(({ tls }) => tls?.certificate === undefined || tls.key !== undefined, {
    error: 'needs "key" beside it',
    path: ['tls', 'certificate'],
    ...always,
  })
  .refine(({ tls }) => tls?.key === undefined || tls.certificate !== undefined, {
    error: 'needs "certificate" beside it',
    path: ['tls', 'key'],
    ...always,
  })
  .refine(file => file.listen?.proxy_protocol !== true || file.trusted_proxies?.length > 0, {
    error: 'needs the addresses of the proxies in trusted_proxies',
    path: ['listen', 'proxy_protocol'],
    ...always,
  })
  .refine(({ tls, server }) => tls?.mode !== 'off' || isListenable(server), {
    error: 'must be HOST:PORT or :PORT',
    path: ['server', 'addr'],
    ...always,
  })
  .refine(({ tls, server, workers = 1 }) => tls?.mode !== 'off' || server?.net !== 'unix' || workers === 1, {
    error: 'must be 1, since threads cannot share the Unix socket of server.addr',
    path: ['workers'],
    ...always,
  })
  .refine(({ tls }) => tls?.mode !== 'off' || tls.client_auth === undefined, {
    error: 'needs TLS, which mode "off" leaves to a proxy',
    path: ['tls', 'client_auth'],
    ...always,
  })
  .refine(file => file.users !== NO_USERS || 'ext_auth' in file || file.tls?.client_auth !== undefined, {
    error: complaintOfAbsence(UsersSchema),
    path: ['users'],
    ...always,
  })
  .refine(
    file => file.acl !== NO_ACL || 'ext_authz' in file || 'http_authz' in file || 'casbin_authz' in file,
    { error: complaintOfAbsence(AclSchema), path: ['acl'], ...always },
  )
  .refine(({ cache, workers }) => typeof cache === 'number' || !cache.disk || workers === 1, {
    error: 'is used by one thread only; leave out workers',
    path: ['cache', 'disk'],
  })
  .refine(({ cache, registry }) => typeof cache === 'number' || !cache.disk || !readsDirectly(registry.run), {
    error: 'is of no use beside registry.run, whose own files are read',
    path: ['cache', 'disk'],
  })
  .refine(({ audit }) => audit?.file !== '-' || !(audit.sinks?.length > 0), {
    error: 'must be a path, such as /var/log/landwaiter/audit.jsonl: audit.sinks are fed from the file',
    path: ['audit', 'file'],
    ...always,
  })
  .superRefine((file, context) => {
    for (const { path, message } of acmeFaults(file)) context.addIssue({ code: 'custom', path, message })
  })
  .transform(file => ({
    domains: file.domains,
    listen: file.listen,
    workers: file.workers,
    tls: resolveTls(file),
    token: resolveToken(file),
    registry: resolveRegistry(file),
    cache: resolveCache(file),
    users: file.users,
    acl: file.acl,
    ...(file.acl_compat === undefined ? {} : { acl_compat: file.acl_compat }),
    ...givenExternal(file),
    require_signature: file.require_signature,
    hide_unauthorized: file.hide_unauthorized,
    immutable_tags: file.immutable_tags,
    protected_tags: file.protected_tags,
    manifest_rules: file.manifest_rules,
    audit: file.audit,
    trusted_proxies: file.trusted_proxies,
    state_dir: file.state_dir,
    log: file.log,
    limits: file.limits,
    server: resolveServer(file),
  }))

/** A configuration that can be used as it is. */
export type Config = z.output<typeof ConfigSchema>

/** What a section says of its own absence. */
function complaintOfAbsence(section: z.ZodType): string {
  return section.safeParse(undefined).error?.issues[0]?.message ?? 'is missing'
}

function isListenable(server: FileConfig['server'] | undefined): boolean {
  if (server?.addr === undefined || server.net !== 'tcp') return true
  return 'value' in parseListenAddress(server.addr)
}
