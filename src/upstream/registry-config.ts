import type { Secret } from '../model/secret.ts'

/** Where the registry keeps its blobs. Without keys the registry takes them from its AWS environment. */
export type RegistryStorage =
  | { readonly kind: 'filesystem'; readonly root: string }
  | {
      readonly kind: 's3'
      readonly bucket: string
      readonly region: string
      readonly endpoint?: string
      readonly access_key?: Secret
      readonly secret_key?: Secret
      readonly root?: string
      readonly secure: boolean
      /** Sends pulls to the storage instead of through us. */
      readonly redirect: boolean
    }

/** Makes the registry verify our tokens as well. */
export interface RegistryTokenAuth {
  readonly realm: string
  readonly service: string
  readonly issuer: string
  /** File with the certificate of the signing key. */
  readonly rootcertbundle: string
}

/** How we run the registry. */
export interface RegistryConfigOptions {
  readonly version: 2 | 3
  readonly socket: string
  readonly storage: RegistryStorage
  /** Signs upload states; must outlive a restart, or running uploads fail. */
  readonly httpSecret: Secret
  readonly delete: boolean
  readonly token?: RegistryTokenAuth
}

/** Requests that outlive our own drain get this long after TERM. */
const DRAIN_TIMEOUT = '4s'

/**
 * Text of a configuration file for distribution 2.8 or 3; JSON, which is YAML. It holds secrets.
 * Spec: distribution docs/content/about/configuration.md.
 */
export function registryConfig(options: RegistryConfigOptions): string {
  const { socket, storage, httpSecret, token } = options
  const config = {
    version: '0.1',
    // At `info` the registry writes two lines for each request; the audit log has them already.
    log: { level: 'warn', formatter: 'json', accesslog: { disabled: true } },
    storage: {
      ...driver(options),
      delete: { enabled: options.delete },
      redirect: { disable: storage.kind === 'filesystem' || !storage.redirect },
    },
    ...(token === undefined ? {} : { auth: { token } }),
    http: { net: 'unix', addr: socket, secret: httpSecret.reveal(), draintimeout: DRAIN_TIMEOUT },
  }
  return `${JSON.stringify(config, null, 2).replace(UNPRINTABLE, escaped)}\n`
}

/** YAML forbids these raw, also inside quotes; JSON does not escape them (YAML 1.2 §5.1). */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function driver({ storage, version }: RegistryConfigOptions): Readonly<Record<string, object>> {
  if (storage.kind === 'filesystem') return { filesystem: { rootdirectory: storage.root } }
  const { bucket, region, endpoint, access_key, secret_key, root, secure } = storage
  return {
    s3: {
      bucket,
      region,
      secure,
      ...(endpoint === undefined ? {} : { regionendpoint: endpoint }),
      // Version 2 does this by itself as soon as there is an endpoint.
      ...(endpoint === undefined || version === 2 ? {} : { forcepathstyle: true }),
      ...(access_key === undefined ? {} : { accesskey: access_key.reveal() }),
      ...(secret_key === undefined ? {} : { secretkey: secret_key.reveal() }),
      ...(root === undefined ? {} : { rootdirectory: root }),
    },
  }
}
