import type { Config } from '../config/schema.ts'
import { hostName } from '../http/hosts.ts'
import type { ClientCa } from '../tls/client-ca.ts'
import type { TlsSettings } from '../tls/server-options.ts'

/** What a configuration asks of TLS on the public listener. */
export function tlsSettings(
  config: Config,
  given: {
    readonly clientCa: ClientCa | undefined
    readonly challenge: TlsSettings['challenge'] | undefined
  },
): TlsSettings {
  const { tls } = config
  if (tls.mode === 'off') return {}
  const { clientCa, challenge } = given
  return {
    minVersion: tls.min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    ...(tls.curves === undefined ? {} : { ecdhCurve: tls.curves }),
    ...(clientCa === undefined
      ? {}
      : { clientAuth: { ca: clientCa, isRequired: tls.client_auth?.mode === 'require' } }),
    alpn: protocolsOf(config),
    ...(challenge === undefined ? {} : { challenge }),
  }
}

/** HTTP/2 costs more CPU and no container engine asks for it, so the registry's name has it on demand only. */
function protocolsOf({ domains, listen }: Config): (serverName: string | undefined) => readonly string[] {
  const auth = domains.auth === undefined ? undefined : hostName(domains.auth)
  const isAuthAlone = domains.registry !== undefined && auth !== hostName(domains.registry)
  return name => (listen.h2 || (isAuthAlone && name === auth) ? ['h2', 'http/1.1'] : ['http/1.1'])
}
