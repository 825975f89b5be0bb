import type { Fault, KeyPath } from './fault.ts'
import { type ReadText, readFailure } from './read-text.ts'
import type { SecretFile } from './yaml-reader.ts'

/** Texts of `*_file` keys by the path that they stand for, and what went wrong with the others. */
export interface LoadedSecrets {
  readonly texts: readonly { readonly path: KeyPath; readonly text: string }[]
  readonly faults: readonly Fault[]
}

/** Reads every secret file once, white space at both ends removed. An empty file is a fault. */
export async function loadSecretFiles(
  files: readonly SecretFile[],
  { readText, has }: { readonly readText: ReadText; has(path: KeyPath): boolean },
): Promise<LoadedSecrets> {
  const results = await Promise.all(
    files.map(async secret => {
      const { path, filePath } = secret
      if (has(path)) return fault(filePath, `cannot be given beside "${path.at(-1)}"`)
      return loadOne(secret, readText)
    }),
  )
  return {
    texts: results.flatMap(result => ('text' in result ? [result] : [])),
    faults: results.flatMap(result => ('severity' in result ? [result] : [])),
  }
}

async function loadOne({ path, filePath, file }: SecretFile, readText: ReadText) {
  try {
    const text = (await readText(file)).trim()
    return text === '' ? fault(filePath, `the file ${JSON.stringify(file)} is empty`) : { path, text }
  } catch (error) {
    return fault(filePath, `cannot read ${JSON.stringify(file)}: ${readFailure(error)}`)
  }
}

function fault(path: KeyPath, message: string): Fault {
  return { severity: 'error', path, message }
}
