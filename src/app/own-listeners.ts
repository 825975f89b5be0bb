import type { RequestListener } from 'node:http'
import type { Config } from '../config/schema.ts'
import { createAcmeChallenge } from '../http/acme-challenge.ts'
import { createListener } from '../http/listen.ts'
import { createHttpsRedirect } from '../http/redirect.ts'
import type { Log } from '../model/ports.ts'
import { httpsPort } from './https-port.ts'
import type { ListenerSet } from './listener-set.ts'
import type { Tls } from './open-tls.ts'

/** Opens the admin listener. @throws ListenFailed */
export async function openAdminListener(
  set: ListenerSet,
  { listen }: Pick<Config, 'listen'>,
  { handler, log }: { readonly handler: RequestListener; readonly log: Log },
): Promise<void> {
  await set.add('admin', listen.admin, () => createListener({ handler, log }))
}

/** Opens the listener that redirects to HTTPS and answers http-01. @throws ListenFailed */
export async function openRedirect(
  set: ListenerSet,
  config: Config,
  serving: {
    readonly tls: Pick<Tls, 'answerTo'>
    /** The port of HTTPS that is open. */
    readonly port: number | undefined
    readonly isOurs: (host: string) => boolean
    readonly log: Log
  },
): Promise<void> {
  const { listen, trusted_proxies } = config
  const { answerTo } = serving.tls
  const redirect = createHttpsRedirect(httpsPort(config, serving.port), serving.isOurs)
  const handler = answerTo ? createAcmeChallenge(answerTo, redirect) : redirect
  const proxies = listen.proxy_protocol ? trusted_proxies : undefined
  const options = { handler, log: serving.log, proxies, maxConnections: config.limits.connections }
  await set.add('http', listen.http, () => createListener(options))
}
