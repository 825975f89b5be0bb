import type { CommandResult } from '../../support/run-command.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import type { RegistryStage } from './registry-stage.ts'
import type { Scene } from './scene.ts'
import { sought } from './sought.ts'

/** What skopeo does, and what it is refused. */
export function skopeoScenes(t: Scope, stage: RegistryStage): readonly Scene[] {
  return [...loginScenes(stage), ...pushScenes(stage), ...readScenes(t, stage), ...deniedScenes(stage)]
}

function loginScenes({ host, admin, developer, nobody }: RegistryStage): readonly Scene[] {
  return [
    {
      title: 'skopeo logs in with a wrong password',
      run: () => fails(nobody.login(host, { user: 'admin', password: 'quay' })),
      shows: [sought('check session denied'), sought('login session denied')],
    },
    {
      title: 'skopeo logs in',
      run: async () => {
        await works(developer.login(host, { user: 'developer', password: 'developer-password' }))
        await works(admin.login(host, { user: 'admin', password: 'admin-password' }))
      },
      shows: [sought('login session success')],
    },
  ]
}

function pushScenes({
  host,
  admin,
  developer,
  web,
  other,
  multi,
  otherMulti,
}: RegistryStage): readonly Scene[] {
  const tag = `${host}/team/web:1.4.2`
  const index = `${host}/public/multi:1`
  const layer = web.layers[0]?.digest
  return [
    {
      title: 'skopeo pushes an image',
      run: () => works(developer.push(web.ref, tag)),
      shows: [
        sought('token token success'),
        sought('check blob failed', { digest: layer }),
        sought('push session success'),
        sought('push blob success', { digest: layer }),
        sought('push manifest success'),
      ],
    },
    {
      title: 'skopeo pushes it again',
      run: () => works(developer.push(web.ref, tag)),
      shows: [sought('check blob success', { digest: layer })],
    },
    {
      title: 'skopeo copies it to another repository, so that its layer is mounted',
      run: () => works(developer.copy(tag, `${host}/team/copy:1`)),
      shows: [sought('mount blob success')],
    },
    {
      title: 'skopeo pushes another image to the same tag',
      run: () => works(developer.push(other.ref, tag)),
      shows: [sought('overwrite manifest success')],
    },
    {
      title: 'skopeo pushes an image for two platforms',
      run: () => works(admin.push(multi.ref, index, { all: true })),
      shows: [sought('push index success')],
    },
    {
      title: 'skopeo pushes another one to the same tag',
      run: () => works(admin.push(otherMulti.ref, index, { all: true })),
      shows: [sought('overwrite index success')],
    },
  ]
}

function readScenes(t: Scope, { host, admin, developer, nobody, other }: RegistryStage): readonly Scene[] {
  const layer = other.layers[0]?.digest
  return [
    {
      title: 'skopeo pulls an image',
      run: () => works(developer.pull(`${host}/team/web:1.4.2`, `oci:${tempDir(t)}:1`)),
      shows: [
        sought('pull manifest success', { tag: '1.4.2' }),
        sought('pull blob success', { digest: layer }),
      ],
    },
    {
      title: 'skopeo, logged in nowhere, looks at a public image for two platforms',
      run: () => works(nobody.inspect(`${host}/public/multi:1`)),
      shows: [sought('pull index success')],
    },
    {
      title: 'skopeo asks for a tag that is not there',
      run: () => fails(developer.inspect(`${host}/team/web:none`)),
      shows: [sought('pull manifest failed')],
    },
    {
      title: 'skopeo lists the tags',
      run: () => works(developer.listTags(`${host}/team/web`)),
      shows: [sought('list tags success')],
    },
    {
      title: 'skopeo lists the tags of a repository that is not there',
      run: () => fails(developer.listTags(`${host}/team/none`)),
      shows: [sought('list tags failed')],
    },
    {
      title: 'skopeo deletes an image, which has one tag',
      run: () => works(admin.delete(`${host}/team/copy:1`)),
      shows: [sought('delete manifest success')],
    },
  ]
}

function deniedScenes({ host, developer, web }: RegistryStage): readonly Scene[] {
  return [
    {
      title: 'skopeo asks for an image that its user may not pull',
      run: () => fails(developer.inspect(`${host}/prod/api:1.0`)),
      shows: [sought('pull manifest denied')],
    },
    {
      title: 'skopeo lists tags that its user may not see',
      run: () => fails(developer.listTags(`${host}/prod/api`)),
      shows: [sought('list tags denied')],
    },
    {
      title: 'skopeo pushes to where its user may not, and gives up at the first blob',
      run: () => fails(developer.push(web.ref, `${host}/prod/api:1.0`)),
      shows: [sought('push blob denied')],
    },
  ]
}

async function works(run: Promise<CommandResult>): Promise<void> {
  const { code, stderr } = await run
  if (code !== 0) throw new Error(`skopeo ended with ${code}: ${stderr}`)
}

async function fails(run: Promise<CommandResult>): Promise<void> {
  if ((await run).code === 0) throw new Error('skopeo did what it may not')
}
