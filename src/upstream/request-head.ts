import type { IncomingMessage } from 'node:http'

/** Methods whose requests have a body unless they say that it is empty. */
const BODIED = new Set(['POST', 'PUT', 'PATCH'])
const FORBIDDEN = /[\0\r\n]/

/**
 * The head of the request to the registry, in latin1, from a method, a target and headers that are ready for it.
 * @throws Error when a value would end its line early.
 */
export function requestHead({ method = '', url = '', headers }: IncomingMessage): string {
  let head = line(`${method} ${url} HTTP/1.1`)
  for (const name in headers) {
    const value = headers[name]
    if (typeof value === 'string') head += line(`${name}: ${value}`)
    else for (const one of value ?? []) head += line(`${name}: ${one}`)
  }
  const hasLength = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  return `${head}${BODIED.has(method) && !hasLength ? 'content-length: 0\r\n' : ''}\r\n`
}

function line(text: string): string {
  if (FORBIDDEN.test(text)) throw new Error('a line of the request to the registry would end early')
  return `${text}\r\n`
}
