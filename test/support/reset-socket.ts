import type { Socket } from 'node:net'

/**
 * Ends a connection by a reset, unless its end is under way: a reset then fails with EINVAL, Node loses the socket and
 * never leaves its exit.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writable) socket.resetAndDestroy()
  else socket.destroy()
}
