import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { Clock, Log } from '../model/ports.ts'
import { ensureSigningKey } from '../token/generate-key.ts'
import { loadSigningKey, type SigningKey } from '../token/signing-key.ts'

const DAY_MS = 24 * 3_600_000
const WARN_BEFORE_MS = 30 * DAY_MS

/** The files of the signing key: those of the configuration, else our own under `state_dir`, made on first use. */
export async function signingKeyFiles(
  { token, state_dir }: Config,
  clock: Clock,
): Promise<{ readonly key: string; readonly certificate: string }> {
  const { key, certificate } = token
  if (key !== undefined && certificate !== undefined) return { key, certificate }
  return ensureSigningKey(join(state_dir, 'token'), { clock })
}

/**
 * The key that signs tokens. A certificate out of date is only worth a warning: registries find the key by its id.
 * @throws KeyFileError
 */
export async function openSigningKey(
  config: Config,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<SigningKey> {
  const files = await signingKeyFiles(config, clock)
  const key = await loadSigningKey(files)
  if (key.notAfter - clock() < WARN_BEFORE_MS) {
    const expires = new Date(key.notAfter).toISOString()
    log.warn('the certificate of the token key expires soon or has expired', {
      file: files.certificate,
      expires,
    })
  }
  return key
}
