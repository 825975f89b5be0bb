import type { AuthorityChoice } from './obtain-certificate.ts'
import type { StoredCertificate } from './stored-certificate.ts'

/** Whether a certificate, which then nobody trusts, comes from the test stage of an authority that is not asked any more. */
export function isFromTestStage(
  { authority: id }: Pick<StoredCertificate, 'authority'>,
  choices: readonly AuthorityChoice[],
): boolean {
  return id.endsWith('-staging') && choices.every(({ authority }) => authority.id !== id)
}
