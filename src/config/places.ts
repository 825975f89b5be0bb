import type { KeyPath } from './fault.ts'

/** Offsets of one key and of its value in the text. A list item has no key. */
export interface Place {
  readonly key?: number
  readonly value: number
}

/** Where each path of the configuration stands in the text. */
export interface Places {
  set(path: KeyPath, place: Place): void
  get(path: KeyPath): Place | undefined
  /** Offset of the path's value, or of its nearest ancestor's key when the path is not in the text. */
  offsetOf(path: KeyPath): number
}

/** An empty table of places; offsets count from 0. */
export function createPlaces(): Places {
  const table = new Map<string, Place>()
  const get = (path: KeyPath) => table.get(JSON.stringify(path))
  return {
    set: (path, place) => void table.set(JSON.stringify(path), place),
    get,
    offsetOf(path) {
      const own = get(path)
      if (own !== undefined) return own.value
      for (let length = path.length - 1; length >= 0; length--) {
        const ancestor = get(path.slice(0, length))
        if (ancestor !== undefined) return ancestor.key ?? ancestor.value
      }
      return 0
    },
  }
}
