import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** No name of a repository and no tag begins with it. */
const MARK = '~'
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Turns a place in a list that the client may not see the name of into a value for `last`, and back. `list` tells the
 * lists apart: a value of one means nothing in another.
 */
export interface ListCursor {
  seal(list: string, place: string): string
  /** The place; a plain name is its own. `undefined` for a value that was not sealed here. */
  open(list: string, last: string): string | undefined
}

/** `key` is 32 secret bytes; what was sealed with another cannot be opened. */
export function createListCursor(key: Uint8Array): ListCursor {
  return {
    seal: (list, place) => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(list))
      const sealed = [iv, cipher.update(place, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return MARK + Buffer.concat(sealed).toString('base64url')
    },
    open: (list, last) => {
      if (!last.startsWith(MARK)) return last
      const sealed = Buffer.from(last.slice(MARK.length), 'base64url')
      if (sealed.length < IV_BYTES + TAG_BYTES) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES))
      decipher.setAAD(Buffer.from(list)).setAuthTag(sealed.subarray(-TAG_BYTES))
      try {
        const place = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES))
        return Buffer.concat([place, decipher.final()]).toString()
      } catch {
        return undefined // another key, another list, or made up
      }
    },
  }
}
