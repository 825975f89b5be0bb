import type { OciError } from '../model/errors.ts'

/**
 * JSON text of the registry's error envelope, with one entry; `detail` is left out when there is none.
 * `NOT_FOUND`, which no client knows, goes out as `UNSUPPORTED`: docker prints "unsupported: …", and
 * oras, which reads `NAME_UNKNOWN` as "no such repository", takes it for an API that is not there.
 * Spec: OCI distribution-spec 1.1, "Error Codes".
 */
export function errorBody(error: OciError): string {
  const code = error.oci === 'NOT_FOUND' ? 'UNSUPPORTED' : error.oci
  return JSON.stringify({ errors: [{ code, message: error.message, detail: error.detail }] })
}
