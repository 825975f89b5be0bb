import { Agent, request } from 'undici'
import { basic } from '../../support/landwaiter.ts'
import { tokenPath } from './landwaiter-config.ts'

/** A token of landwaiter at `realm` that allows everything in the repository. Throws when there is none. */
export async function fetchToken(realm: string, repository: string): Promise<string> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  try {
    const url = `${realm}${tokenPath(`repository:${repository}:pull,push,delete`)}`
    const { statusCode, body } = await request(url, {
      headers: { authorization: basic('admin') },
      dispatcher,
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`no token: ${statusCode} ${text}`)
    return String(JSON.parse(text).token)
  } finally {
    await dispatcher.destroy()
  }
}
