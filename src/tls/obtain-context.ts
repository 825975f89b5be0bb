import type { Clock, Log } from '../model/ports.ts'
import type { CertificateRecord } from './certificate-record.ts'
import type { ObtainContext } from './obtain-certificate.ts'
import type { StoredCertificate } from './stored-certificate.ts'

interface ObtainContextOptions {
  /** RFC 9773 identifier of a PEM chain; `undefined` when the certificate has no authority key identifier. */
  readonly certificateId: (chain: string) => Promise<string | undefined>
  readonly clock: Clock
  readonly log: Log
}

/** The present certificate and its state, as whoever gets the next one needs them. */
export async function obtainContext(
  record: CertificateRecord,
  options: ObtainContextOptions,
): Promise<ObtainContext> {
  const current = record.current()
  const id = current === undefined ? undefined : await identify(current, options)
  return {
    state: record.state,
    save: record.save,
    isServing: current !== undefined && current.pair.notAfter > options.clock(),
    replaces:
      current === undefined || id === undefined
        ? undefined
        : { id, authority: current.authority, generation: current.generation },
  }
}

/** Without it the renewal is an order like any other, so that nothing may keep us from it. */
async function identify(
  { pair, name }: StoredCertificate,
  { certificateId, log }: ObtainContextOptions,
): Promise<string | undefined> {
  try {
    return await certificateId(pair.certificate)
  } catch (error) {
    log.warn('the certificate cannot be named to its authority', { name, error })
    return undefined
  }
}
