import { readFile } from 'node:fs/promises'

/** The text of a file; rejects when it cannot be read or is not UTF-8. */
export type ReadText = (path: string) => Promise<string>

/** Reads a file as strict UTF-8; a byte order mark stays. */
export const readText: ReadText = async path => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return decoder.decode(await readFile(path))
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a directory',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
}

/** Why a file could not be read, in words, without its path. */
export function readFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return REASONS[code] ?? code
}
