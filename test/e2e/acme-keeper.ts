import type { AcmeEffects } from '../../src/app/acme-effects.ts'
import { type Acme, openAcme } from '../../src/app/open-acme.ts'
import { memoryLog } from '../tls/support.ts'

/** What one certificate is kept valid with. */
export interface KeeperSetting {
  readonly stateDir: string
  /** URL. */
  readonly directory: string
  readonly caRootFile: string
  readonly name: string
  /** Get a new certificate although there is one. */
  readonly isRenewal: boolean
}

/** The certificates of a landwaiter without the server around them. */
export function openKeeper(
  { stateDir, directory, caRootFile, name }: KeeperSetting,
  change: Partial<AcmeEffects> = {},
): Promise<Acme> {
  const settings = {
    authorities: [{ directory, ca_root_file: caRootFile, staging: false }],
    names: [name],
    ownNames: [],
    challenges: ['http-01'],
    stop_gap: false,
  } as const
  const own = () => Promise.reject(new Error('nothing of our own is asked for'))
  const effects = { clock: Date.now, log: memoryLog(), version: '0.0.0-test', env: {}, onEvent: () => {} }
  return openAcme({ state_dir: stateDir }, { settings, own }, { ...effects, ...change, clientCa: undefined })
}

/** What a running landwaiter does about its certificates, one after the other and without the waits between. */
export async function keepOnce({ source, store }: Acme, isRenewal: boolean): Promise<void> {
  for (const certificate of source.managed) {
    if (isRenewal) await certificate.renew(source.signal)
    else await certificate.tick(source.signal)
    // Now it may be time to ask for the renewal window.
    await certificate.tick(source.signal)
  }
  await store.prune(source.managed.map(({ name }) => name))
}
