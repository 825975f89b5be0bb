import { createHash } from 'node:crypto'
import { basic, type TestLandwaiter } from './landwaiter.ts'

/** Pushes a blob as the sample's administrator; its digest. */
export async function pushBlob(
  { request }: Pick<TestLandwaiter, 'request'>,
  name: string,
  body: Buffer,
): Promise<string> {
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
  const authorization = basic('admin')
  const begun = await request(`/v2/${name}/blobs/uploads/`, { method: 'POST', headers: { authorization } })
  const { pathname, search } = new URL(String(begun.headers['location']))
  const { status, text } = await request(`${pathname}${search}&digest=${encodeURIComponent(digest)}`, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/octet-stream' },
    body,
  })
  if (status !== 201) throw new Error(`push of a blob: ${status} ${text}`)
  return digest
}
