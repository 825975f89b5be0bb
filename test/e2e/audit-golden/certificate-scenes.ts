import { join } from 'node:path'
import { acmeSections } from '../../support/acme-landwaiter.ts'
import { freePort } from '../../support/free-port.ts'
import { type LandwaiterProcess, startLandwaiterProcess } from '../../support/landwaiter-process.ts'
import { type Pebble, startPebble } from '../../support/pebble.ts'
import { runCommand } from '../../support/run-command.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import type { Scene, Stage } from './scene.ts'
import { sought } from './sought.ts'

const MAIN = join(import.meta.dirname, '../../../src/main.ts')
const NAME = 'registry.test'
const BLOCKED = 'blocked.test'
/** Long enough for the slowest machine to get one and to see it renewed. */
const LIFE_SECONDS = 16

/** What happens to certificates of an authority that refuses one of the two names, and is asked by the operator. */
export async function certificateStage(t: Scope): Promise<Stage> {
  const pebble = await startPebble(t, { nonceReject: 0, blocklist: [BLOCKED] })
  const auditFile = join(tempDir(t), 'audit.jsonl')
  // Known beforehand, since the commands read it from the configuration.
  const listen = {
    https: `127.0.0.1:${pebble.tlsPort}`,
    http: `127.0.0.1:${pebble.httpPort}`,
    admin: `127.0.0.1:${await freePort()}`,
  }
  let landwaiter: LandwaiterProcess | undefined
  const cert = async (expected: number, ...args: readonly string[]) => {
    const config = join(landwaiter?.dir ?? '', 'config.yml')
    const { code, stderr } = await runCommand(process.execPath, [MAIN, 'cert', ...args, '-c', config])
    if (code !== expected) throw new Error(`landwaiter cert ${args[0]} ended with ${code}: ${stderr}`)
  }
  const scenes: readonly Scene[] = [
    {
      title: 'landwaiter starts and gets a certificate for one name; for the other one the authority refuses',
      run: async () => {
        landwaiter = await startLandwaiterProcess(
          t,
          sectionsOf(pebble, auditFile, { auth: BLOCKED }, { listen }),
        )
      },
      shows: [sought('cert.issue certificate success'), sought('cert.issue certificate failed')],
    },
    {
      title: 'the operator runs: landwaiter cert renew',
      run: () => cert(0, 'renew', NAME),
      shows: [sought('cert.renew certificate success')],
    },
    {
      title: 'the operator runs: landwaiter cert revoke --reason key-compromise',
      run: () => cert(0, 'revoke', NAME, '--yes', '--reason', 'key-compromise'),
      shows: [sought('cert.revoke certificate success')],
    },
    {
      title: 'the operator runs: landwaiter cert renew, while the authority is away',
      run: async () => {
        await pebble.stop()
        await cert(1, 'renew', NAME)
      },
      shows: [sought('cert.renew certificate failed')],
    },
  ]
  return { files: [auditFile], scenes }
}

/** What happens to a certificate that two processes share, when it is renewed and when it no longer can be. */
export async function sharedStage(t: Scope): Promise<Stage> {
  const pebble = await startPebble(t, { nonceReject: 0, validitySeconds: LIFE_SECONDS })
  const one = join(tempDir(t), 'audit.jsonl')
  const other = join(tempDir(t), 'audit.jsonl')
  const state_dir = tempDir(t)
  const elsewhere = { https: '127.0.0.1:0', http: '127.0.0.1:0', admin: '127.0.0.1:0' }
  const scenes: readonly Scene[] = [
    {
      title:
        'one of two processes that share a directory renews a certificate, the other one takes it from there',
      run: async () => {
        await startLandwaiterProcess(t, sectionsOf(pebble, one, {}, { state_dir }))
        await startLandwaiterProcess(t, sectionsOf(pebble, other, {}, { state_dir, listen: elsewhere }))
      },
      shows: [sought('cert.load certificate success')],
    },
    {
      title: 'a certificate expires soon, while the authority is away',
      run: () => pebble.stop(),
      shows: [sought('cert.expiring certificate failed')],
    },
  ]
  return { files: [one, other], scenes }
}

function sectionsOf(
  pebble: Pebble,
  file: string,
  domains: object,
  config: object = {},
): Readonly<Record<string, unknown>> {
  return acmeSections({
    pebble,
    domains: { registry: NAME, ...domains },
    acme: { challenges: ['http-01'] },
    config: {
      registry: { upstream: 'http://127.0.0.1:9', auth: 'none' },
      audit: { file, node: 'gw-1' },
      ...config,
    },
  })
}
