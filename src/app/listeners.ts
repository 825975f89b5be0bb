import type { RequestListener } from 'node:http'
import type { Server as TlsServer } from 'node:tls'
import type { Config } from '../config/schema.ts'
import { createAcmeChallenge } from '../http/acme-challenge.ts'
import { hostName } from '../http/hosts.ts'
import { createListener, type ListenAddress, type Listener, type ListenerOptions } from '../http/listen.ts'
import { createHttpsRedirect } from '../http/redirect.ts'
import type { Log } from '../model/ports.ts'
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

/** What the listeners call. */
export interface ListenerHandlers {
  readonly dispatch: RequestListener
  readonly admin: RequestListener
  /** True for a host name that we serve. */
  readonly isOurs: (host: string) => boolean
}

interface Opened {
  readonly key: keyof OpenPorts
  readonly listener: Listener
  readonly port: number
}

/**
 * Opens what the configuration asks for: HTTPS and its redirect, or without TLS the plain listeners, and admin.
 * @throws ListenFailed after closing what was already open.
 */
export async function openListeners(
  config: Config,
  tls: Tls | undefined,
  { handlers, log }: { readonly handlers: ListenerHandlers; readonly log: Log },
): Promise<Listeners> {
  const { listen, server } = config
  const open: Opened[] = []
  const add = async (key: keyof OpenPorts, address: ListenAddress | null, listener: () => Listener) => {
    if (address !== null) open.push(await openListener(key, address, listener()))
  }
  const proxies = listen.proxy_protocol ? config.trusted_proxies : undefined
  const plain = (handler: RequestListener) => () => createListener({ handler, log, proxies })
  const close = async (deadlineMs: number) => {
    const cut = await Promise.all(
      open.filter(({ key }) => key !== 'admin').map(({ listener }) => listener.close(deadlineMs)),
    )
    return cut.reduce((sum, count) => sum + count, 0)
  }
  const closeAdmin = async () => {
    await open.find(({ key }) => key === 'admin')?.listener.close(0)
  }
  try {
    await add('admin', listen.admin, () => createListener({ handler: handlers.admin, log }))
    if (tls === undefined) {
      await add('http', listen.http, plain(handlers.dispatch))
      await add('server', server.listen, plain(handlers.dispatch))
    } else {
      const port = (name: string) => portOf(config, open.find(({ key }) => key === 'https')?.port)(name)
      const tlsOptions = {
        handler: handlers.dispatch,
        log,
        proxies,
        plainAnswer: () => plainAnswer(config, port),
      }
      await add('https', listen.https, () => tlsListener(tls, tlsOptions))
      const redirect = createHttpsRedirect(port, handlers.isOurs)
      const { answerTo } = tls
      await add('http', listen.http, plain(answerTo ? createAcmeChallenge(answerTo, redirect) : redirect))
    }
  } catch (error) {
    await close(0)
    await closeAdmin()
    throw error
  }
  return { ports: Object.fromEntries(open.map(({ key, port }) => [key, port])), close, closeAdmin }
}

async function openListener(
  key: keyof OpenPorts,
  address: ListenAddress,
  listener: Listener,
): Promise<Opened> {
  try {
    return { key, listener, port: await listener.listen(address) }
  } catch (cause) {
    throw new ListenFailed(key === 'server' ? 'server.addr' : `listen.${key}`, addressText(address), cause)
  }
}

function tlsListener(tls: Tls, options: Omit<ListenerOptions, 'tls'>): Listener {
  const listener = createListener({ ...options, tls: tls.options.current() })
  tls.options.attach(listener.server as unknown as TlsServer)
  return listener
}

/**
 * The port under which clients reach HTTPS: the one in the domain, since a container's may be published as another,
 * else the one that is open.
 */
function portOf({ domains }: Config, bound = 443): (name: string) => number {
  return name => {
    const domain = [domains.registry, domains.auth].find(
      value => value !== undefined && hostName(value) === name,
    )
    const port = /:(\d+)$/.exec(domain ?? '')?.[1]
    return port === undefined ? bound : Number(port)
  }
}

/** For a client that speaks plain HTTP there. The URL is the one that the configuration knows; its own is not read. */
function plainAnswer({ domains }: Config, portFor: (name: string) => number): string {
  const domain = domains.registry ?? domains.auth
  if (domain === undefined) return 'This port speaks HTTPS only: use https:// instead of http://.\n'
  const name = hostName(domain)
  const port = portFor(name)
  return `This is the HTTPS port of ${name}: use https://${name}${port === 443 ? '' : `:${port}`}/.\n`
}

function addressText(address: ListenAddress): string {
  if ('path' in address) return address.path
  const { host = '', port } = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
