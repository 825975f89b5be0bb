import { openConnection } from '../tls-client.ts'

/** True after a TLS handshake with a port of 127.0.0.1. Rejects while nobody answers there. */
export async function answers(port: number): Promise<true> {
  const socket = await openConnection(port)
  socket.destroy()
  return true
}
