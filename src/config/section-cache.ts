import { z } from 'zod'
import { byteSize, duration, type Parsed, parseByteSize, parsedText } from './schema-kit.ts'

const OFF = 'off'
const LONGEST_MS = 60_000

const off = z.literal(false).transform(() => 0)

function parseOff(text: string): Parsed<number> {
  return text === OFF ? { value: 0 } : { fault: 'must be a mapping, or off' }
}

function parseAmount(text: string): Parsed<number> {
  return text === OFF ? { value: 0 } : parseByteSize(text)
}

const amount = (size: string) =>
  z.union([parsedText(parseAmount), z.number().int().nonnegative(), off]).prefault(size)

const ttl = () => duration().refine(ms => ms <= LONGEST_MS, 'must be 1m or less')

/** The caches between clients and the registry. */
const CachesSchema = z.strictObject({
  manifests: amount('32MiB').describe('Memory for manifests, `64MiB` or `off`.'),
  blobs: amount('8MiB').describe(
    'Memory for blobs up to 64 KiB, as configurations of images are, and for which blobs are there, or `off`.',
  ),
  existence_ttl: ttl()
    .prefault('60s')
    .describe(
      'How long the registry is not asked again whether a manifest or blob is still there; at most `1m`. What is deleted through us is forgotten at once.',
    ),
  disk: z
    .strictObject({
      dir: z
        .string()
        .min(1, 'must not be empty')
        .describe('Directory of its own for the files; each process needs another.'),
      size: byteSize()
        .refine(bytes => bytes >= 1024 * 1024, 'must be 1MiB or more')
        .describe('Most bytes on the disk; what was not read for longest goes. `20GiB`.'),
    })
    .optional()
    .describe('Files for blobs of registries whose storage is elsewhere.'),
  tag_ttl: ttl()
    .optional()
    .describe(
      'How long the registry is not asked again what a tag points to; at most `1m`, `0` is off. Only safe when all writes go through us, which forget the tags of their repository. Default: `2s` with `registry.run`, else `0`.',
    ),
})

/** Bounds of the caches; 0 is off. */
export interface CacheSettings {
  /** Absent when there is no disk cache; `size` in bytes. */
  readonly disk?: { readonly dir: string; readonly size: number }
  readonly manifests: number
  readonly blobs: number
  readonly existence_ttl_ms: number
  readonly tag_ttl_ms: number
}

export const CacheSchema = z
  .union([parsedText(parseOff, 'must be a mapping, or off'), CachesSchema, off])
  .prefault({})
  .describe(
    'Content that is kept to spare the registry; every request is authorized all the same. `off` keeps none.',
  )

const TAG_TTL_MS = 2_000

/** Only a registry that we run ourselves is known to have no other door. */
export function resolveCache({
  cache,
  registry,
}: {
  readonly cache: z.output<typeof CacheSchema>
  readonly registry: { readonly run?: unknown }
}): CacheSettings {
  if (typeof cache === 'number') return { manifests: 0, blobs: 0, existence_ttl_ms: 0, tag_ttl_ms: 0 }
  const { manifests, blobs, existence_ttl, tag_ttl, disk } = cache
  const isOurs = registry.run !== undefined && registry.run !== false
  return {
    ...(disk === undefined ? {} : { disk }),
    manifests,
    blobs,
    existence_ttl_ms: existence_ttl,
    tag_ttl_ms: tag_ttl ?? (isOurs ? TAG_TTL_MS : 0),
  }
}
