import { request as httpsRequest } from 'node:https'
import { basic } from '../../support/landwaiter.ts'
import type { RegistryStage } from './registry-stage.ts'
import type { Scene } from './scene.ts'
import { sought } from './sought.ts'

/** More than wait for a thread at the same time. */
const LOGINS = 300

/** Clients that leave midway, clients that are too many, and a registry that is gone. */
export function cutScenes(stage: RegistryStage): readonly Scene[] {
  const { api, big, registry } = stage
  return [
    {
      title: 'a program leaves in the middle of an upload',
      run: () => leaveUpload(stage),
      shows: [sought('push blob aborted')],
    },
    {
      title: 'a program leaves in the middle of a large blob',
      run: async () => {
        const path = await stage.upload('team/web')
        const put = await api(`PUT ${path}&digest=${big.digest}`, { as: 'developer', body: big.data })
        await put.body.dump()
        const download = await api(`GET /v2/team/web/blobs/${big.digest}`, { as: 'developer' })
        for await (const _ of download.body) break // leaving the loop cuts the connection
      },
      shows: [sought('pull blob aborted')],
    },
    {
      title: `${LOGINS} programs log in at once`,
      run: () => Promise.all(Array.from({ length: LOGINS }, (_, number) => loginSlowly(stage, number))),
      shows: [sought('login session limited')],
    },
    {
      title: 'a program asks for the catalog while the registry is down',
      run: async () => {
        await registry.stop()
        const { body } = await api('GET /v2/_catalog', { as: 'admin' })
        await body.dump()
      },
      shows: [sought('list catalog failed')],
    },
  ]
}

async function leaveUpload({ host, upload, ca, big }: RegistryStage): Promise<void> {
  const url = new URL(`https://${host}${await upload('team/web')}`)
  const headers = {
    'user-agent': 'inventory/1.0',
    authorization: basic('developer'),
    'content-length': big.data.length,
  }
  await new Promise<void>(resolve => {
    const req = httpsRequest(url, { method: 'PATCH', headers, ca })
    req.on('error', () => undefined) // it is cut by ourselves
    req.once('close', resolve)
    req.write(big.data.subarray(0, big.data.length / 64), () => req.destroy())
  })
}

/** Each with another password, since the same one would be checked once. */
async function loginSlowly({ api }: RegistryStage, number: number): Promise<void> {
  const { body } = await api('GET /auth', { as: 'slow', password: `wrong-${number}` })
  await body.dump()
}
