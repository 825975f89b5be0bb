import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ContentAsk, FetchContent } from '../../src/model/signature.ts'
import { createKeySet, type KeySet } from '../../src/signature/key-set.ts'
import { parsePublicKeys } from '../../src/signature/public-key.ts'

type KeyName = 'p256' | 'p384' | 'rsa' | 'ed25519'

interface Recording {
  readonly keys: Readonly<Record<KeyName, string>>
  /** Repository, below `signed/`, to the digest of its image. */
  readonly images: Readonly<Record<string, string>>
  /** `NAME KIND REFERENCE` to the text that the registry gave. */
  readonly contents: Readonly<Record<string, string>>
}

const file = join(import.meta.dirname, '../fixtures/cosign/pushed.json')

/** What the real cosign pushed, as it was recorded. */
export const recorded: Recording = JSON.parse(readFileSync(file, 'utf8'))

/** A set of the recorded keys. */
export function keySet(...names: readonly KeyName[]): KeySet {
  return createKeySet(names.flatMap(name => keysOf(recorded.keys[name])))
}

/** The keys of a PEM text that must be good. */
export function keysOf(pem: string): KeySet['keys'] {
  const parsed = parsePublicKeys(pem)
  if ('fault' in parsed) throw new Error(parsed.fault)
  return parsed.keys
}

/** A registry in memory; `changes` are added to what was recorded, null takes something away. */
export function memoryContent(changes: Readonly<Record<string, string | null>> = {}): {
  readonly fetch: FetchContent
  readonly asked: readonly ContentAsk[]
} {
  const contents = { ...recorded.contents, ...changes }
  const asked: ContentAsk[] = []
  const fetch: FetchContent = async ask => {
    asked.push(ask)
    const text = contents[`${ask.name} ${ask.kind} ${ask.reference}`]
    return text === undefined || text === null ? undefined : Buffer.from(text)
  }
  return { fetch, asked }
}

/** The digest of an image, which must have been recorded. */
export function imageDigest(image: string): string {
  const digest = recorded.images[image]
  if (digest === undefined) throw new Error(`${image} is not recorded`)
  return digest
}
