import type { Parsed } from './schema-kit.ts'

/** An address of a service over HTTP, without user and password in it. */
export function parseHttpUrl(text: string): Parsed<string> {
  const fault = 'must be http://HOST:PORT/PATH or https://HOST:PORT/PATH'
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null
  if (url === null) return { fault }
  if (url.username !== '' || url.password !== '') {
    return { fault, hint: 'give user and password in headers, as Authorization' }
  }
  return { value: url.href }
}
