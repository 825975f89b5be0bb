/** A path into the configuration: keys and list indexes. */
export type KeyPath = readonly (string | number)[]

export type Severity = 'error' | 'warning' | 'note'

/** Something to say about one key, before its line and column are known. */
export interface Fault {
  readonly severity: Severity
  readonly path: KeyPath
  readonly message: string
  readonly hint?: string
  /** Offset into the text, when it is not simply that of the path's value. */
  readonly offset?: number
  /** The value at `path` could not be read, so the schema's opinion of its absence is noise. */
  readonly spoils?: true
}

const BARE_KEY = /^[A-Za-z0-9_-]+$/

/** `acl.3.match.name`; keys that hold anything but letters, digits, `_`, `-` as `users["a.b"]`. */
export function formatPath(path: KeyPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'string' && !BARE_KEY.test(key)) return `${text}[${JSON.stringify(key)}]`
    return text === '' ? `${key}` : `${text}.${key}`
  }, '')
}
