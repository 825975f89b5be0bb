import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
} from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createFile } from '../../files/atomic-file.ts'
import { AuditUnwritable } from '../../model/errors.ts'
import { isMissing } from '../../model/is-missing.ts'
import { messageOf } from '../../model/message-of.ts'

/** Signs with the key of the checkpoints. */
export interface CheckpointKey {
  /** First 16 hex digits of the SHA-256 of the public key's SPKI. */
  readonly id: string
  /** Ed25519 over the UTF-8 of `text`, base64url. */
  sign(text: string): string
}

const PRIVATE = 'checkpoint-key.pem'
const PUBLIC = 'checkpoint-key.pub.pem'

/**
 * The key below `directory`, made on first use; the public half stands beside it for those who verify.
 * @throws AuditUnwritable
 */
export async function openCheckpointKey(directory: string): Promise<CheckpointKey> {
  const file = join(directory, PRIVATE)
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const privateKey = createPrivateKey(await readOrCreate(file))
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('it is no Ed25519 key')
    const publicKey = createPublicKey(privateKey)
    await writeFile(join(directory, PUBLIC), publicKey.export({ type: 'spki', format: 'pem' }), {
      mode: 0o644,
    })
    return { id: checkpointKeyId(publicKey), sign: text => signText(text, privateKey) }
  } catch (cause) {
    throw new AuditUnwritable(`the key of the checkpoints, ${file}, cannot be used: ${messageOf(cause)}`, {
      cause,
    })
  }
}

/** How lines name a key. */
export function checkpointKeyId(publicKey: KeyObject): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex').slice(0, 16)
}

function signText(text: string, key: KeyObject): string {
  return sign(null, Buffer.from(text), key).toString('base64url')
}

/** Whole or not at all, and never in place of another. */
async function readOrCreate(file: string): Promise<string> {
  const found = await readIfPresent(file)
  if (found !== undefined) return found
  const { privateKey } = generateKeyPairSync('ed25519')
  const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await createFile({ path: file, text, mode: 0o600 })
  return await readFile(file, 'utf8')
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
