import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createKeySet, type KeySet } from '../../src/signature/key-set.ts'
import { keysOf } from './recorded-content.ts'

const OCI = 'application/vnd.oci.image.'
const SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json'

/** A signer of the test's own, P-256. */
export interface Signer {
  readonly keys: KeySet
  readonly privateKey: KeyObject
}

export function createSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { privateKey, keys: createKeySet(keysOf(pem)) }
}

export function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** The entries that `cosign sign` leaves for `digest` in the repository `name`, by these payloads. */
export function signatureEntries(
  name: string,
  digest: string,
  layers: readonly { readonly payload: string; readonly signature: string }[],
): Readonly<Record<string, string>> {
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}manifest.v1+json`,
    config: { mediaType: `${OCI}config.v1+json`, digest: sha256('{}'), size: 2 },
    layers: layers.map(({ payload, signature }) => ({
      mediaType: SIMPLE,
      digest: sha256(payload),
      size: payload.length,
      annotations: { 'dev.cosignproject.cosign/signature': signature },
    })),
  })
  const blobs = layers.map(({ payload }) => [`${name} blob ${sha256(payload)}`, payload])
  return {
    [`${name} manifest ${digest.replace(':', '-')}.sig`]: manifest,
    [`${name} manifest ${sha256(manifest)}`]: manifest,
    ...Object.fromEntries(blobs),
  }
}

/** cosign's payload for a digest. */
export function payloadFor(digest: string): string {
  return JSON.stringify({
    critical: {
      identity: { 'docker-reference': 'registry.test/prod/api' },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: null,
  })
}

export function signText({ privateKey }: Signer, payload: string): string {
  return sign('sha256', Buffer.from(payload), privateKey).toString('base64')
}

/** An image manifest with its digest; different `label`s make different ones. */
export function imageManifest(label: string): { readonly text: string; readonly digest: string } {
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}manifest.v1+json`,
    config: { mediaType: `${OCI}config.v1+json`, digest: sha256(label), size: label.length },
    layers: [{ mediaType: `${OCI}layer.v1.tar+gzip`, digest: sha256(`${label} layer`), size: 1 }],
  })
  return { text, digest: sha256(text) }
}

/** An index of manifests with its digest. */
export function imageIndex(children: readonly string[]): { readonly text: string; readonly digest: string } {
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}index.v1+json`,
    manifests: children.map((digest, at) => ({
      mediaType: `${OCI}manifest.v1+json`,
      digest,
      size: 1,
      platform: { os: 'linux', architecture: `a${at}` },
    })),
  })
  return { text, digest: sha256(text) }
}
