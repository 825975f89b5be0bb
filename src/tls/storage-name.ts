import { createHash } from 'node:crypto'

// Leaves room in the 255 bytes of a file name for our extensions and the suffix of a temporary file.
const MAX_LENGTH = 200
const PREFIX_LENGTH = 100
const MAX_HOST_NAME = 253

/**
 * File name for a host name, address, URL or token: as it is where possible, and never `.`, `..` or a hidden file. Longer ones are cut and end in a hash, so no two names share a file.
 */
export function storageName(name: string): string {
  const encoded = encodeName(name)
  if (encoded.length <= MAX_LENGTH) return encoded
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 32)
  return `${encoded.slice(0, PREFIX_LENGTH)}~${hash}`
}

/**
 * As `storageName`, for a host name or address, which `decodeURIComponent` gives back.
 * @throws RangeError for what is longer than a host name can be.
 */
export function storageId(name: string): string {
  if (name.length > MAX_HOST_NAME) throw new RangeError('a host name has at most 253 characters')
  return encodeName(name)
}

function encodeName(name: string): string {
  return name === '' ? '%' : encodeURIComponent(name).replace(/^\./, '%2E')
}
