import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { AppError } from '../../model/errors.ts'
import { checkpointKeyId } from '../writer/checkpoint-key.ts'

/** Public keys of checkpoints, by the name that lines give them. */
export interface CheckpointKeys {
  readonly ids: readonly string[]
  /** Whether the key `id` signed `text`; `unknown` when there is no such key. Never throws. */
  check(signed: Signed): 'right' | 'wrong' | 'unknown'
}

interface Signed {
  readonly text: string
  /** First 16 hex digits of the SHA-256 of the public key's SPKI. */
  readonly id: string
  /** Base64url. */
  readonly signature: string
}

const PEM = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g

/** A file with PEM public keys, one or several. */
export interface KeyFile {
  readonly file: string
  readonly text: string
}

/** A file that holds no usable public key. */
class CheckpointKeyError extends AppError {
  readonly code = 'CHECKPOINT_KEY'
}

/** The keys of all these files. @throws CheckpointKeyError about one without Ed25519 public keys. */
export function createCheckpointKeys(files: readonly KeyFile[]): CheckpointKeys {
  const keys = new Map(files.flatMap(keysOf).map(key => [checkpointKeyId(key), key]))
  return {
    ids: [...keys.keys()],
    check: ({ text, id, signature }) => {
      const key = keys.get(id)
      if (key === undefined) return 'unknown'
      return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url')) ? 'right' : 'wrong'
    },
  }
}

function keysOf({ file, text }: KeyFile): readonly KeyObject[] {
  const keys = (text.match(PEM) ?? []).map(pem => readKey(file, pem))
  if (keys.length === 0)
    throw new CheckpointKeyError(`${file} holds no public key in PEM; give the file checkpoint-key.pub.pem`)
  if (keys.some(key => key.asymmetricKeyType !== 'ed25519')) {
    throw new CheckpointKeyError(`${file} holds a key that is not Ed25519, so it signed no checkpoint`)
  }
  return keys
}

function readKey(file: string, pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch (cause) {
    throw new CheckpointKeyError(`${file} holds a damaged public key`, { cause })
  }
}
