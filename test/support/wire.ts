import type { TestLandwaiter } from './landwaiter.ts'
import { connectRaw } from './raw-client.ts'
import type { Scope } from './scope.ts'

/**
 * Sends `bytes` (latin1) on a TLS connection of its own to a landwaiter and resolves with all that came back when
 * the server closed it.
 */
export async function exchangeBytes(
  t: Scope,
  to: Pick<TestLandwaiter, 'host' | 'caFile'>,
  bytes: string,
): Promise<string> {
  const client = await connectRaw(t, to)
  client.socket.write(bytes, 'latin1')
  await client.closed
  client.socket.destroy()
  return client.received().toString('latin1')
}

/** The status of the first answer in what came back; 0 when there was none. */
export function statusOf(text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0)
}
