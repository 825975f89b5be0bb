import type { RequestListener, Server } from 'node:http'
import type { Server as TlsServer } from 'node:tls'
import type { Config } from '../config/schema.ts'
import { closeListener, createListener, type ListenAddress, listenOn } from '../http/listen.ts'
import { createHttpsRedirect } from '../http/redirect.ts'
import type { Log } from '../model/ports.ts'
import type { Handlers } from './handlers.ts'
import { ListenFailed } from './listen-failed.ts'
import type { Tls } from './open-tls.ts'

/** Ports that are open, by the configuration key that asked for them; 0 for a Unix socket. */
export type OpenPorts = Readonly<Partial<Record<'https' | 'http' | 'admin' | 'server', number>>>

export interface Listeners {
  readonly ports: OpenPorts
  /** Lets running requests end for `deadlineMs`, then cuts them; resolves to how many were cut. */
  close(deadlineMs: number): Promise<number>
  /** The admin listener stays up while the others drain. */
  closeAdmin(): Promise<void>
}

/**
 * Opens what the configuration asks for: HTTPS and its redirect, or without TLS the plain listeners, and admin.
 * @throws ListenFailed after closing what was already open.
 */
export async function openListeners(
  config: Config,
  tls: Tls | undefined,
  { handlers, log }: { readonly handlers: Handlers; readonly log: Log },
): Promise<Listeners> {
  const { listen, server } = config
  const open: { readonly key: keyof OpenPorts; readonly server: Server; readonly port: number }[] = []
  const add = async (key: keyof OpenPorts, address: ListenAddress | null, create: () => Server) => {
    if (address === null) return
    const listener = create()
    const port = await listenOn(listener, address).catch(cause => {
      throw new ListenFailed(key === 'server' ? 'server.addr' : `listen.${key}`, addressText(address), cause)
    })
    open.push({ key, server: listener, port })
  }
  const portOf = (key: keyof OpenPorts) => open.find(entry => entry.key === key)?.port
  const closeAll = async (deadlineMs: number) => {
    const publicOnes = open.filter(({ key }) => key !== 'admin')
    const cut = await Promise.all(publicOnes.map(entry => closeListener(entry.server, deadlineMs)))
    return cut.reduce((sum, count) => sum + count, 0)
  }
  const closeAdmin = async () => {
    await Promise.all(open.filter(({ key }) => key === 'admin').map(entry => closeListener(entry.server, 0)))
  }
  try {
    await add('admin', listen.admin, () => createListener({ handler: handlers.admin, log }))
    if (tls === undefined) {
      await add('http', listen.http, () => createListener({ handler: handlers.dispatch, log }))
      await add('server', server.listen, () => createListener({ handler: handlers.dispatch, log }))
    } else {
      await add('https', listen.https, () => tlsListener(tls, handlers.dispatch, log))
      const redirect = createHttpsRedirect(() => publicPort(listen.https, portOf('https')), handlers.isOurs)
      await add('http', listen.http, () => createListener({ handler: redirect, log }))
    }
  } catch (error) {
    await closeAll(0)
    await closeAdmin()
    throw error
  }
  return { ports: Object.fromEntries(open.map(({ key, port }) => [key, port])), close: closeAll, closeAdmin }
}

function tlsListener(tls: Tls, handler: RequestListener, log: Log): Server {
  const server = createListener({ tls: tls.options.current(), handler, log })
  tls.options.attach(server as unknown as TlsServer)
  return server
}

/** Published as 443 even when a container maps it elsewhere; an unusual port is taken as clients see it. */
function publicPort(configured: ListenAddress | null, bound: number | undefined): number {
  return bound ?? (configured !== null && 'port' in configured ? configured.port : 443)
}

function addressText(address: ListenAddress): string {
  if ('path' in address) return address.path
  const { host = '', port } = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
