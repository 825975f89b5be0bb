import type { Config } from '../config/schema.ts'
import type { Log } from '../model/ports.ts'
import type { SigningKey } from '../token/signing-key.ts'

/** A registry of our own, or nothing to do. */
export interface RegistryRun {
  stop(): Promise<void>
}

export async function openRegistryRun(
  _config: Config,
  _effects: { readonly key: SigningKey; readonly log: Log },
): Promise<RegistryRun> {
  return { stop: async () => undefined }
}
