import type { GeneralNameType } from '@peculiar/x509'
import { parseLabels } from '../model/labels.ts'
import type { Labels, Subject } from '../model/subject.ts'

/** The part of a certificate that names its subject. */
export type CertificateName = 'cn' | 'email' | 'dns' | 'uri'

const MAX_NAME_LENGTH = 255
/** Controls, invisible characters and line ends, which would make two names look alike or break a line. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u

const WORDS: Readonly<Record<CertificateName, string>> = {
  cn: 'common name',
  email: 'e-mail address',
  dns: 'DNS name',
  uri: 'URI',
}

type X509 = typeof import('@peculiar/x509')

/** Reads the names of a certificate as DER. */
export type CertificateSubject = (
  der: Buffer,
  from: CertificateName,
) => { readonly subject: Subject } | { readonly fault: string }

/**
 * Loads what reads them. The answer is the subject that a verified certificate stands for, or why it stands for none;
 * its labels are `cert_cn`, `cert_o`, `cert_ou`, `cert_email`, `cert_dns` and `cert_uri`, those that it has.
 */
export async function loadCertificateSubject(): Promise<CertificateSubject> {
  // Slow to load, and needed with client certificates only.
  const x509 = await import('@peculiar/x509')
  return (der, from) => {
    const names = namesIn(x509, der)
    return names === undefined ? { fault: 'its names cannot be read' } : subjectOf(names, from)
  }
}

function subjectOf(names: Labels, from: CertificateName): ReturnType<CertificateSubject> {
  const [name, ...others] = names[`cert_${from}`] ?? []
  if (name === undefined) return { fault: `it has no ${WORDS[from]}` }
  if (others.length > 0) {
    return { fault: `it has more than one ${WORDS[from]}, so its subject is not clear` }
  }
  if (Object.values(names).flat().some(isUnusable)) {
    return { fault: 'it has a name that is empty, too long or not printable' }
  }
  const labels = parseLabels(names)
  if (labels === undefined) return { fault: 'its names are more than 4 KiB' }
  return { subject: { name, via: 'certificate', labels, isExternal: true } }
}

function namesIn(
  { X509Certificate, SubjectAlternativeNameExtension }: X509,
  der: Buffer,
): Labels | undefined {
  try {
    const { subjectName, extensions } = new X509Certificate(new Uint8Array(der))
    const alternative = extensions
      .filter(extension => extension instanceof SubjectAlternativeNameExtension)
      .flatMap(({ names }) => names.items)
    const of = (wanted: GeneralNameType) =>
      alternative.flatMap(({ type, value }) => (type === wanted ? [value] : []))
    const all = {
      cert_cn: subjectName.getField('CN'),
      cert_o: subjectName.getField('O'),
      cert_ou: subjectName.getField('OU'),
      cert_email: of('email'),
      cert_dns: of('dns'),
      cert_uri: of('url'),
    }
    return Object.fromEntries(Object.entries(all).filter(([, values]) => values.length > 0))
  } catch {
    // What OpenSSL reads and this library does not: nobody in particular.
    return undefined
  }
}

function isUnusable(name: string): boolean {
  return name.trim() === '' || name !== name.trim() || name.length > MAX_NAME_LENGTH || UNPRINTABLE.test(name)
}
