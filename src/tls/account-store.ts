import { join } from 'node:path'
import { replaceFile } from '../files/atomic-file.ts'
import type { AcmeAccount, AcmeAccounts } from '../model/certificate-authority.ts'
import type { Log } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import { parseJsonFile } from './json-file.ts'
import { parsePrivateKey } from './key-pair.ts'
import { type LeaseTimes, withLease } from './lease.ts'
import { ensurePrivateDirectory, readPrivateFile } from './private-files.ts'
import { storageName } from './storage-name.ts'

// A registration takes seconds; whoever holds the lock for longer is stuck.
const LOCK_WAIT_MS = 120_000

export interface AccountStoreOptions {
  readonly directory: string
  /** Directory of the lock of a name. */
  readonly lock: (name: string) => string
  readonly log: Log
  readonly times?: LeaseTimes
}

/** Accounts as files, one per authority. A damaged one counts as none, with a warning, and is written anew. */
export function createAccountStore(options: AccountStoreOptions): AcmeAccounts {
  const { directory, lock, log } = options
  const fileOf = (authority: string) => join(directory, `${storageName(authority)}.json`)

  return {
    async read(authority) {
      const file = fileOf(authority)
      try {
        const text = await readPrivateFile(file, log)
        return text === undefined ? undefined : parseAccount(file, text)
      } catch (error) {
        log.warn('stored account cannot be used; a new one will be made', { file, error })
        return undefined
      }
    },
    async write(authority, { key, url }) {
      const account = { authority, ...(url === undefined ? {} : { url }), key: key.reveal() }
      await ensurePrivateDirectory(directory, log)
      await replaceFile({
        path: fileOf(authority),
        text: `${JSON.stringify(account, null, 1)}\n`,
        mode: 0o600,
      })
    },
    async exclusively(authority, work, signal) {
      const patience = AbortSignal.timeout(LOCK_WAIT_MS)
      const lease = { ...options, directory: lock(`account ${authority}`) }
      let isHeld = false
      const begin = () => {
        isHeld = true
        return work()
      }
      try {
        return await withLease(lease, begin, AbortSignal.any([signal, patience]))
      } catch (cause) {
        signal.throwIfAborted()
        if (isHeld || !patience.aborted) throw cause
        const minutes = LOCK_WAIT_MS / 60_000
        throw new Error(`another process has kept our account at ${authority} busy for ${minutes} minutes`, {
          cause,
        })
      }
    },
  }
}

function parseAccount(file: string, text: string): AcmeAccount {
  const { key, url } = parseJsonFile(file, text)
  const pem = typeof key === 'string' ? key : ''
  parsePrivateKey({ file, text: pem })
  return { key: new Secret(pem), ...(typeof url === 'string' ? { url } : {}) }
}
