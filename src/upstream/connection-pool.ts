import type { UpstreamAddress } from './address.ts'
import {
  type ConnectionLimits,
  type ConnectionReader,
  openRegistryConnection,
  type RegistryConnection,
} from './registry-connection.ts'

/** Connections to the registry, kept between requests. */
export interface ConnectionPool {
  /** The connection that was used last, or a new one. Rejects with the system's error. */
  acquire(): RegistryConnection | Promise<RegistryConnection>
  /** A connection that nobody has used. Rejects with the system's error. */
  acquireNew(): Promise<RegistryConnection>
  /** Keeps a connection whose last answer was read to its end, byte for byte. */
  release(connection: RegistryConnection): void
  /** Ends the kept connections; those in use end with their requests. */
  close(): void
}

const MAX_KEPT = 256
/** Shorter than any load balancer's in between. */
const KEPT_MS = 50_000

/** At most 256 connections without a request are kept, each for 50 s. */
export function createConnectionPool(address: UpstreamAddress, limits: ConnectionLimits): ConnectionPool {
  const kept: RegistryConnection[] = []
  let isClosed = false
  const forget = (connection: RegistryConnection) => {
    const index = kept.indexOf(connection)
    if (index !== -1) kept.splice(index, 1)
  }
  const acquireNew = () => openRegistryConnection(address, limits)
  return {
    acquireNew,
    acquire: () => {
      const connection = kept.pop()
      if (connection === undefined) return acquireNew()
      connection.socket.setTimeout(limits.silenceMs)
      connection.isReused = true
      return connection
    },
    release: connection => {
      const { socket } = connection
      if (isClosed || socket.destroyed || kept.length >= MAX_KEPT) {
        connection.destroy()
        return
      }
      connection.attach(doubting(connection, forget))
      connection.resume()
      socket.setTimeout(KEPT_MS)
      kept.push(connection)
    },
    close: () => {
      isClosed = true
      for (const connection of kept.splice(0)) connection.destroy()
    },
  }
}

/** Between requests nothing may come: whatever does might be taken for the next answer. */
function doubting(
  connection: RegistryConnection,
  forget: (connection: RegistryConnection) => void,
): ConnectionReader {
  return {
    read: () => {
      forget(connection)
      connection.destroy()
    },
    nextBuffer: () => undefined,
    isReady: () => true,
    ended: () => {
      forget(connection)
      connection.destroy()
    },
  }
}
