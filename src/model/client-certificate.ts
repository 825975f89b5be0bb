import type { Subject } from './subject.ts'

/** What the certificate of a connection's client proves, for those that sent one. A refused one proves nothing. */
export type ClientCertificate =
  | { readonly outcome: 'verified'; readonly subject: Subject }
  | { readonly outcome: 'refused'; readonly reason: string }
