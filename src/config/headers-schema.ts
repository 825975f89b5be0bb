import { z } from 'zod'
import { Secret } from '../model/secret.ts'
import { always } from './schema-kit.ts'

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** They belong to the connection. */
const RESERVED = /^(host|content-length|transfer-encoding|connection|upgrade|expect|te|trailer|keep-alive)$/i

const headerValue = z.string().regex(/^[\t\x20-\x7e]*$/, 'must be one line of ASCII')

const HeaderSchema = z.union([
  headerValue,
  z
    .strictObject({
      value: headerValue.optional().describe('The value.'),
      value_file: z.string().optional().describe('File that holds `value`.'),
    })
    .refine(({ value, value_file }) => value !== undefined || value_file !== undefined, {
      error: 'is missing, and so is "value_file"',
      path: ['value'],
      ...always,
    })
    .transform(({ value }) => value ?? ''),
])

/** Headers of requests that we send, their values secret. */
export const HeadersSchema = z
  .record(
    z.string(),
    HeaderSchema.transform(text => new Secret(text)),
  )
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers)) {
      if (TOKEN.test(name) && !RESERVED.test(name)) continue
      context.addIssue({ code: 'custom', path: [name], message: 'is no header that can be set' })
    }
  })
  .default({})
  .describe('Headers of the request by name: a value, or a mapping with `value_file`.')
