import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { connectFault, errorCode } from './connect-fault.ts'
import type { ProbeTarget } from './preflight-probe.ts'

const PROTOCOL = 'acme-tls/1'

/**
 * What is wrong with tls-alpn-01 at one address, as a sentence without its full stop; `undefined` when our own
 * certificate for the probe is shown. Rejects with the reason of the signal only. Spec: RFC 8737 §3.
 */
export async function probeTlsAlpn(target: ProbeTarget, signal: AbortSignal): Promise<string | undefined> {
  const { address, port, probe, timeoutMs } = target
  const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  try {
    const { protocol, certificate } = await shakeHands(target, stop)
    if (protocol !== PROTOCOL) return withoutProtocol(target)
    const digest = createHash('sha256').update(probe.expected).digest()
    if (certificate?.includes(digest) === true) return undefined
    return `${address} is another server: on port ${port} it shows another ${PROTOCOL} certificate`
  } catch (error) {
    signal.throwIfAborted()
    return faultOf(error, target)
  }
}

interface Handshake {
  readonly protocol: string | false | null
  readonly certificate: Buffer | undefined
}

function shakeHands({ name, address, port, probe }: ProbeTarget, stop: AbortSignal): Promise<Handshake> {
  const { promise, resolve, reject } = Promise.withResolvers<Handshake>()
  const servername = probe.serverName ?? (isIP(name) === 0 ? name : '')
  // The certificate of a challenge is signed by nobody, and nothing is sent.
  const options = { host: address, port, servername, ALPNProtocols: [PROTOCOL], rejectUnauthorized: false }
  const socket: TLSSocket = connect(options, () =>
    resolve({ protocol: socket.alpnProtocol, certificate: socket.getPeerCertificate().raw }),
  )
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('it closed the connection')))
  const onStop = () => reject(stop.reason)
  stop.addEventListener('abort', onStop, { once: true })
  return promise.finally(() => {
    stop.removeEventListener('abort', onStop)
    socket.destroy()
  })
}

function faultOf(error: unknown, target: ProbeTarget): string {
  const fault = connectFault(error, target, 'listen.https')
  if (fault !== undefined) return fault
  const code = errorCode(error)
  if (code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL') return withoutProtocol(target)
  return `port ${target.port} of ${target.address} does not finish a TLS handshake for ${PROTOCOL} (${code}): another server listens there`
}

function withoutProtocol({ address, port }: ProbeTarget): string {
  return `port ${port} of ${address} does not take ${PROTOCOL}: it is another server, or something before landwaiter ends TLS`
}
