import { homedir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { startProcess } from './background-process.ts'
import { freePort } from './free-port.ts'
import type { Scope } from './scope.ts'

/** A storage of S3's kind in memory, which takes any key. */
export interface Moto {
  readonly endpoint: string
  /** `127.0.0.1:PORT`. */
  readonly host: string
  readonly bucket: string
}

/** Starts moto, as test/prepare.sh unpacked it, with an empty bucket. Stopped at teardown. */
export async function startMoto(t: Scope): Promise<Moto> {
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  const endpoint = `http://${host}`
  const bucket = 'registry'
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const moto = await startProcess(
    t,
    ['/usr/bin/python3', '-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
    {
      env: {
        PYTHONPATH: join(cache, 'landwaiter/moto/usr/lib/python3/dist-packages'),
        AWS_CA_BUNDLE: undefined,
      },
    },
  )
  await moto.ready('moto answers', async () => {
    const { statusCode, body } = await request(`${endpoint}/moto-api/`)
    await body.dump()
    return statusCode === 200
  })
  const { body } = await request(`${endpoint}/${bucket}`, { method: 'PUT' })
  await body.dump()
  return { endpoint, host, bucket }
}
