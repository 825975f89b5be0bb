import { z } from 'zod'
import { oneOf } from './schema-kit.ts'

const NO_CA = 'is missing; name the PEM file with the CA of your clients'

/** Certificates of clients as their login. */
export const ClientAuthSchema = z
  .strictObject({
    ca_file: z
      .string(NO_CA)
      .min(1, NO_CA)
      .describe('PEM file with the only CAs whose client certificates are accepted, roots included.'),
    mode: oneOf(['request', 'require'])
      .default('request')
      .describe('`request`: clients without a certificate log in otherwise; `require`: they do not connect.'),
    name: oneOf(['cn', 'email', 'dns', 'uri'])
      .default('cn')
      .describe(
        'What in the certificate is the name of its subject: the common name, or the alternative name of this type. It must hold exactly one.',
      ),
  })
  .describe(
    'Certificates of clients as their login: who sends no other is the subject that the certificate names, with the labels `cert_cn`, `cert_o`, `cert_ou`, `cert_email`, `cert_dns`, `cert_uri`. Default: none is asked for.',
  )
