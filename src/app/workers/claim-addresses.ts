import { once } from 'node:events'
import { createServer } from 'node:net'
import type { ListenAddress } from '../../http/listen.ts'
import type { OpenPorts } from '../listener-set.ts'
import { listenFailure } from '../listener-set.ts'
import type { PublicAddresses } from '../public-listeners.ts'

/**
 * The addresses with the ports that the workers are to share. Each is opened once without sharing: two landwaiters
 * that both shared it would take each other's connections instead of an error.
 * @throws ListenFailed
 */
export async function claimAddresses({ https, http, server }: PublicAddresses): Promise<PublicAddresses> {
  return {
    https: await claim('https', https),
    http: await claim('http', http),
    server: await claim('server', server),
  }
}

async function claim(key: keyof OpenPorts, address: ListenAddress | null): Promise<ListenAddress | null> {
  if (address === null || 'path' in address) return address
  const probe = createServer()
  try {
    probe.listen({ ...address })
    await once(probe, 'listening')
  } catch (cause) {
    throw listenFailure(key, address, cause)
  }
  const bound = probe.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
  await new Promise(resolve => probe.close(resolve))
  return { ...address, port, reusePort: true }
}
