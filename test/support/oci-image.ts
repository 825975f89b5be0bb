import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const OCI = 'application/vnd.oci.image.'
const CREATED = '2024-01-01T00:00:00Z'
const TAR_BLOCK = 512

/** A content descriptor (OCI image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly os: string; readonly architecture: string }
  readonly annotations?: Readonly<Record<string, string>>
}

/** One image of a layout: what it is called for skopeo (`oci:DIR:TAG`), its manifest, its blobs. */
export interface OciImage {
  readonly ref: string
  readonly manifest: Descriptor
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/** A multi-platform image of a layout. */
export interface OciIndex {
  readonly ref: string
  readonly index: Descriptor
  readonly images: readonly Omit<OciImage, 'ref'>[]
}

/** `layers` of `layerBytes` random bytes each: 2 of 64 KiB unless told. */
export interface OciImageOptions {
  readonly tag?: string
  readonly layers?: number
  readonly layerBytes?: number
}

/** Adds an image for linux/amd64 with random contents to the OCI layout in `dir`, which is made when missing. */
export function writeOciImage(dir: string, options: OciImageOptions = {}): OciImage {
  const { tag = 'latest' } = options
  const image = putImage(dir, 'amd64', options)
  addToLayout(dir, image.manifest, tag)
  return { ref: `oci:${dir}:${tag}`, ...image }
}

/** Adds a multi-platform image (amd64 and arm64) with random contents to the OCI layout in `dir`. */
export function writeOciIndex(dir: string, options: OciImageOptions = {}): OciIndex {
  const { tag = 'multi' } = options
  const architectures = ['amd64', 'arm64']
  const images = architectures.map(architecture => putImage(dir, architecture, options))
  const manifests = images.map(({ manifest }, i) => ({
    ...manifest,
    platform: { os: 'linux', architecture: architectures[i] },
  }))
  const index = putJson(dir, `${OCI}index.v1+json`, {
    schemaVersion: 2,
    mediaType: `${OCI}index.v1+json`,
    manifests,
  })
  addToLayout(dir, index, tag)
  return { ref: `oci:${dir}:${tag}`, index, images }
}

function putImage(dir: string, architecture: string, options: OciImageOptions): Omit<OciImage, 'ref'> {
  const { layers: count = 2, layerBytes = 65_536 } = options
  const tars = Array.from({ length: count }, (_, i) => tar(`${architecture}-${i}`, randomBytes(layerBytes)))
  // Level 0: random bytes do not shrink, and time matters.
  const layers = tars.map(data => putBlob(dir, `${OCI}layer.v1.tar+gzip`, gzipSync(data, { level: 0 })))
  const config = putJson(dir, `${OCI}config.v1+json`, {
    created: CREATED,
    architecture,
    os: 'linux',
    config: { Cmd: [`/${architecture}-0`] },
    rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
    history: tars.map(() => ({ created: CREATED, created_by: 'test' })),
  })
  const mediaType = `${OCI}manifest.v1+json`
  return {
    config,
    layers,
    manifest: putJson(dir, mediaType, { schemaVersion: 2, mediaType, config, layers }),
  }
}

function putJson(dir: string, mediaType: string, value: object): Descriptor {
  return putBlob(dir, mediaType, Buffer.from(JSON.stringify(value)))
}

function putBlob(dir: string, mediaType: string, data: Buffer): Descriptor {
  const digest = digestOf(data)
  mkdirSync(join(dir, 'blobs/sha256'), { recursive: true })
  writeFileSync(join(dir, 'blobs', digest.replace(':', '/')), data)
  return { mediaType, digest, size: data.length }
}

function addToLayout(dir: string, descriptor: Descriptor, tag: string): void {
  const path = join(dir, 'index.json')
  const previous: { manifests: Descriptor[] } = existsSync(path)
    ? JSON.parse(readFileSync(path, 'utf8'))
    : { manifests: [] }
  const named = { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } }
  writeFileSync(join(dir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(path, JSON.stringify({ schemaVersion: 2, manifests: [...previous.manifests, named] }))
}

/** A tar archive of one file (POSIX.1-1988 ustar). */
function tar(name: string, data: Buffer): Buffer {
  const header = Buffer.alloc(TAR_BLOCK)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o644, 7), 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  header.write(octal(data.length, 11), 124)
  header.write(octal(0, 11), 136)
  header.write(' '.repeat(8), 148)
  header.write('0', 156)
  header.write('ustar\0', 257)
  header.write('00', 263)
  // The checksum is taken with its own field blank.
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)} `, 148)
  const padding = Buffer.alloc((TAR_BLOCK - (data.length % TAR_BLOCK)) % TAR_BLOCK)
  return Buffer.concat([header, data, padding, Buffer.alloc(2 * TAR_BLOCK)])
}

function digestOf(data: Buffer): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}
