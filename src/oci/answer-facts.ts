import type { Transfer } from '../model/exchange.ts'

/** What the headers of an answer say of the object that it carries; what they do not say is left out. `size` in bytes. */
export function answerFacts(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Pick<Transfer, 'digest' | 'mediaType' | 'size'> {
  const { 'docker-content-digest': digest, 'content-type': type, 'content-length': length } = headers
  return {
    ...(typeof digest === 'string' ? { digest } : {}),
    ...(typeof type === 'string' ? { mediaType: type.split(';', 1)[0] ?? type } : {}),
    ...(typeof length === 'string' ? { size: Number(length) } : {}),
  }
}
