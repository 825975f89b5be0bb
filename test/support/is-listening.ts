import { connect } from 'node:net'

/** Resolves to true when somebody answers on a port of 127.0.0.1. Rejects with the system's error otherwise. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', reject)
  })
}
