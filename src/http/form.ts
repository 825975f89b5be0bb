import type { IncomingMessage } from 'node:http'
import { unescape as unescapeBytes } from 'node:querystring'
import { Response } from 'undici'
import { OciError } from '../model/errors.ts'
import { badRequest } from './token-refused.ts'

const MAX_FORM_BYTES = 64 * 1024

/** Names and values in their order; a name may come more than once. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** The first value of `name`, or `''`. */
export function firstField(fields: Fields, name: string): string {
  return fields.find(([key]) => key === name)?.[1] ?? ''
}

/** Fields of a query string. As Go's parser, drops pairs that are badly encoded or hold a `;`. */
export function parseQuery(query: string): Fields {
  return query.split('&').flatMap(pair => {
    if (pair === '' || pair.includes(';')) return []
    const at = pair.indexOf('=')
    const name = decode(at < 0 ? pair : pair.slice(0, at))
    const value = decode(at < 0 ? '' : pair.slice(at + 1))
    return name === undefined || value === undefined ? [] : [[name, value] as const]
  })
}

/**
 * Fields of a POST body, url-encoded or multipart; empty for any other media type.
 * @throws OciError 413 above 64 KiB, 400 for a body that is no form or ends too soon.
 */
export async function readForm(req: IncomingMessage): Promise<Fields> {
  const type = req.headers['content-type'] ?? ''
  const body = await readBody(req)
  switch (type.split(';', 1)[0]?.trim().toLowerCase()) {
    case 'application/x-www-form-urlencoded':
      return parseQuery(body.toString())
    case 'multipart/form-data':
      return parseMultipart(body, type)
    default:
      return []
  }
}

async function parseMultipart(body: Buffer, type: string): Promise<Fields> {
  try {
    const form = await new Response(body, { headers: { 'content-type': type } }).formData()
    return [...form].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []))
  } catch {
    // The parser's own words say nothing about the form.
    throw badRequest('the multipart form is malformed')
  }
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > MAX_FORM_BYTES) throw new OciError('SIZE_INVALID', 'the form is larger than 64 KiB')
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof OciError) throw error
    throw badRequest('the form is incomplete')
  }
  return Buffer.concat(chunks)
}

/**
 * Bytes that are not UTF-8 become U+FFFD: were the pair dropped, a password in another encoding would make the
 * request an anonymous one instead of a wrong login.
 */
function decode(text: string): string | undefined {
  if (/%(?![\da-f]{2})/i.test(text)) return undefined
  return unescapeBytes(text.replaceAll('+', ' '))
}
