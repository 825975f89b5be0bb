import { asJsonObject, type JsonObject } from '../oci/json-object.ts'
import { CertificateFileError } from './certificate-file-error.ts'

/**
 * The object that the text of a file holds.
 * @throws CertificateFileError when it is none, or cut short.
 */
export function parseJsonFile(file: string, text: string): JsonObject {
  if (text.trim() === '') throw new CertificateFileError(file, 'is empty')
  const object = asJsonObject(parse(file, text))
  if (object === undefined) throw new CertificateFileError(file, 'holds no JSON object')
  return object
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Without its cause: JSON.parse quotes the text, which may hold a key.
    throw new CertificateFileError(file, 'is damaged: it is not valid JSON')
  }
}
