import { z } from 'zod'
import { Secret } from '../model/secret.ts'
import { parseUpstream } from './address.ts'
import { parseRedirectHost } from './redirect-host.ts'
import { always, oneOf, parsedText } from './schema-kit.ts'

/** Blobs in an S3 bucket; without `endpoint` that of AWS, without keys those of the environment. */
export interface S3Storage {
  readonly kind: 's3'
  readonly bucket: string
  readonly region: string
  readonly endpoint?: string
  readonly access_key?: Secret
  readonly secret_key?: Secret
  readonly root?: string
  readonly secure: boolean
  readonly redirect: boolean
}

type StorageChoice = { readonly kind: 'filesystem'; readonly root?: string } | S3Storage

const FilesystemSchema = z.strictObject({
  root: z
    .string()
    .min(1, 'must not be empty')
    .optional()
    .describe('Directory of the blobs. Default: `registry` under `state_dir`.'),
})

const S3Schema = z
  .strictObject({
    bucket: z.string().min(1, 'must not be empty').describe('Name of the bucket.'),
    region: z.string().min(1, 'must not be empty').describe('Region of the bucket; `us-east-1` suits MinIO.'),
    endpoint: z
      .string()
      .regex(/^https?:\/\/[^/?#\s]+\/?$/, 'must be http://HOST:PORT or https://HOST:PORT')
      .optional()
      .describe('URL of an S3-compatible service. Default: AWS.'),
    access_key: z
      .string()
      .optional()
      .describe('Access key. Default: the AWS environment of the registry process.'),
    access_key_file: z.string().optional().describe('File that holds `access_key`.'),
    secret_key: z.string().optional().describe('Secret key.'),
    secret_key_file: z.string().optional().describe('File that holds `secret_key`.'),
    root: z.string().optional().describe('Prefix of all objects.'),
    secure: z
      .boolean()
      .optional()
      .describe('Use TLS. Default: true unless `endpoint` begins with `http://`.'),
    redirect: z
      .boolean()
      .default(false)
      .describe('Send pulls to the storage instead of through us; their bytes are then not audited.'),
  })
  .refine(v => v.access_key === undefined || v.secret_key !== undefined, {
    error: 'needs "secret_key" beside it',
    path: ['access_key'],
    ...always,
  })
  .refine(v => v.secret_key === undefined || v.access_key !== undefined, {
    error: 'needs "access_key" beside it',
    path: ['secret_key'],
    ...always,
  })

const StorageSchema = z
  .strictObject({
    filesystem: FilesystemSchema.optional().describe('Blobs in a directory.'),
    s3: S3Schema.optional().describe('Blobs in an S3 bucket.'),
  })
  .refine(({ filesystem, s3 }) => filesystem === undefined || s3 === undefined, {
    error: 'must name one storage, filesystem or s3',
    ...always,
  })
  .transform(({ filesystem, s3 }): StorageChoice => {
    if (s3 === undefined) return { kind: 'filesystem', ...given('root', filesystem?.root) }
    return {
      kind: 's3',
      bucket: s3.bucket,
      region: s3.region,
      ...given('endpoint', s3.endpoint),
      ...given('access_key', secret(s3.access_key)),
      ...given('secret_key', secret(s3.secret_key)),
      ...given('root', s3.root),
      secure: s3.secure ?? !(s3.endpoint?.startsWith('http://') ?? false),
      redirect: s3.redirect,
    }
  })
  .prefault({})

const RunSchema = z
  .strictObject({
    binary: z
      .string()
      .optional()
      .describe('The distribution registry. Default: `registry`, else `docker-registry`, on the PATH.'),
    storage: StorageSchema.describe('Where its blobs are: `filesystem` (default) or `s3`.'),
    delete: z.boolean().default(true).describe('Allow deletes.'),
    direct_read: z
      .boolean()
      .optional()
      .describe(
        'Send blobs from the files of the registry, without asking it. Default: true with `filesystem`.',
      ),
  })
  .refine(({ storage, direct_read }) => direct_read !== true || storage?.kind !== 's3', {
    error: 'needs storage of the kind filesystem',
    path: ['direct_read'],
    ...always,
  })

/** The registry behind us, running elsewhere or run by us. */
export const RegistrySchema = z
  .strictObject({
    upstream: parsedText(parseUpstream)
      .optional()
      .describe(
        'Address of the registry: `http://HOST:PORT` or `unix:/PATH`. Default: `http://registry:5000`.',
      ),
    auth: oneOf(['internal', 'passthrough', 'none'])
      .default('internal')
      .describe(
        "`internal`: a short token of our own for each request; `passthrough`: the client's token; `none`: the registry asks for none.",
      ),
    service: z
      .string()
      .min(1, 'must not be empty')
      .optional()
      .describe("The registry's `auth.token.service` when it differs from `token.service`."),
    run: z
      .union([z.boolean(), RunSchema])
      .optional()
      .describe('Start the registry as our own child: `true`, or its settings.'),
    redirects: oneOf(['passthrough', 'follow'])
      .default('passthrough')
      .describe(
        "When the registry sends a pull to its storage: `passthrough` sends the client there; `follow` streams the blob from there, so that clients need not reach the storage and the audit log has the bytes. Authorities of the storage's TLS beyond the usual ones come from NODE_EXTRA_CA_CERTS.",
      ),
    redirect_hosts: z
      .array(parsedText(parseRedirectHost))
      .default([])
      .describe(
        'Where `follow` may go: `HOST`, `HOST:PORT` or `*.SUFFIX`; without a port the usual one of http or https.',
      ),
  })
  .refine(({ redirects, redirect_hosts }) => redirects !== 'follow' || redirect_hosts?.length !== 0, {
    error: '"follow" needs the hosts of the storage in redirect_hosts',
    path: ['redirects'],
    ...always,
  })
  .refine(({ run, upstream }) => run === undefined || run === false || upstream === undefined, {
    error: 'cannot be given beside "run", which makes its own',
    path: ['upstream'],
    ...always,
  })
  .prefault({})
  .describe('The registry behind us.')

/** `registry.run` as a mapping. */
export type RunChoice = z.output<typeof RunSchema>

/** What `run: true` stands for. */
export function defaultRun(): RunChoice {
  return RunSchema.parse({})
}

/** Whether blobs are read from the files of the registry that is run, if one is. */
export function readsDirectly(run: RunChoice | boolean | undefined): boolean {
  if (run === undefined || run === false) return false
  return run === true || (run.storage.kind === 'filesystem' && run.direct_read !== false)
}

function secret(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text)
}

function given<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]?: Value })
}
