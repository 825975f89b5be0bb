import type { ListenAddress, Listener } from '../http/listen.ts'
import { ListenFailed } from './listen-failed.ts'

/** Ports that are open, by the configuration key that asked for them; 0 for a Unix socket. */
export type OpenPorts = Readonly<Partial<Record<'https' | 'http' | 'admin' | 'server', number>>>

type Key = keyof OpenPorts

/** The listeners that are open. */
export interface ListenerSet {
  /** Opens one; null stands for none. @throws ListenFailed */
  add(key: Key, address: ListenAddress | null, make: () => Listener): Promise<void>
  ports(): OpenPorts
  /** Lets running requests end for `deadlineMs`, then cuts them; resolves to how many were cut. Not the admin's. */
  close(deadlineMs: number): Promise<number>
  /** The admin listener stays up while the others drain. */
  closeAdmin(): Promise<void>
}

interface Opened {
  readonly key: Key
  readonly listener: Listener
  readonly port: number
}

export function createListenerSet(): ListenerSet {
  const open: Opened[] = []
  return {
    async add(key, address, make) {
      if (address !== null) open.push(await openListener(key, address, make()))
    },
    ports: () => Object.fromEntries(open.map(({ key, port }) => [key, port])),
    async close(deadlineMs) {
      const serving = open.filter(({ key }) => key !== 'admin')
      const cut = await Promise.all(serving.map(({ listener }) => listener.close(deadlineMs)))
      return cut.reduce((sum, count) => sum + count, 0)
    },
    async closeAdmin() {
      await open.find(({ key }) => key === 'admin')?.listener.close(0)
    },
  }
}

async function openListener(key: Key, address: ListenAddress, listener: Listener): Promise<Opened> {
  try {
    return { key, listener, port: await listener.listen(address) }
  } catch (cause) {
    throw listenFailure(key, address, cause)
  }
}

/** The error of an address that cannot be opened. */
export function listenFailure(key: keyof OpenPorts, address: ListenAddress, cause: unknown): ListenFailed {
  return new ListenFailed(key === 'server' ? 'server.addr' : `listen.${key}`, addressText(address), cause)
}

function addressText(address: ListenAddress): string {
  if ('path' in address) return address.path
  const { host = '', port } = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
