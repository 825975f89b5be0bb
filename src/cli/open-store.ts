import { createLog } from '../ops/log.ts'
import { type CertificateStore, openCertificateStore } from '../tls/certificate-store.ts'
import type { Terminal } from './terminal.ts'

/** The store of a server that may be running; what is wrong with it is told on standard error. */
export async function openStore(directory: string, terminal: Terminal): Promise<CertificateStore> {
  const clock = Date.now
  const log = createLog({
    level: 'warn',
    format: 'text',
    write: terminal.complain,
    clock,
    tty: terminal.isTty,
  })
  return await openCertificateStore({ directory, clock, log })
}
