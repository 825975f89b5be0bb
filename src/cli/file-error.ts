import { CertificateFileError } from '../tls/certificate-file-error.ts'

/** What the file system says of a path as an error of ours, so that it is told in a sentence; others as they are. */
export function fileError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error)) return error
  const problem = error.code === 'ENOENT' ? 'does not exist' : `cannot be used (${error.code})`
  return new CertificateFileError(String(error.path), problem, { cause: error })
}
