import { loadConfig } from '../config/load.ts'
import { complainOf } from './complain-of.ts'
import { postCertificates } from './post-certificates.ts'
import type { Terminal } from './terminal.ts'

/** What to renew. */
export interface RenewRequest {
  /** The configuration file. */
  readonly config: string
  /** Every certificate by ACME when absent. */
  readonly name: string | undefined
}

/** Has the running process get new certificates, and says how that ended. Exit 0, 1 or 3. */
export async function certRenew({ config: file, name }: RenewRequest, terminal: Terminal): Promise<number> {
  try {
    const { config } = await loadConfig(file, terminal.env)
    const what = name ?? 'all certificates'
    const query: Record<string, string> = name === undefined ? {} : { name }
    return await postCertificates({ config, verb: 'renew', query, doing: `renewing ${what}` }, terminal)
  } catch (error) {
    return complainOf(error, terminal)
  }
}
