import type { Clock } from '../model/ports.ts'
import { jsonOf } from './json-of.ts'
import { type Directory, DirectorySchema, parseResource } from './resources.ts'
import { sendRequest } from './transport.ts'

const FRESH_MS = 3_600_000

/** A function that reads the directory at `url`, at most once an hour. Spec: RFC 8555 §7.1.1. */
export function createDirectoryReader(options: {
  readonly id: string
  readonly url: string
  readonly clock: Clock
}): () => Promise<Directory> {
  const { id, url, clock } = options
  let known: { readonly directory: Directory; readonly at: number } | undefined
  return async () => {
    const age = known === undefined ? Number.POSITIVE_INFINITY : Math.abs(clock() - known.at)
    if (known !== undefined && age < FRESH_MS) return known.directory
    const { body } = await sendRequest({ url, method: 'GET' })
    const directory = parseResource(DirectorySchema, jsonOf(body), `directory of ${id} at ${url}`)
    known = { directory, at: clock() }
    return directory
  }
}
