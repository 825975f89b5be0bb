import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { AUDIT_ACTIONS, AUDIT_KINDS, AUDIT_OUTCOMES } from '../../src/model/audit-event.ts'
import { cannotMount } from '../support/small-disk.ts'
import { apiScenes } from './audit-golden/api-scenes.ts'
import { certificateStage, sharedStage } from './audit-golden/certificate-scenes.ts'
import { cutScenes } from './audit-golden/cut-scenes.ts'
import { goldenText } from './audit-golden/golden-text.ts'
import { logStage } from './audit-golden/log-scenes.ts'
import { openRegistryStage } from './audit-golden/registry-stage.ts'
import { keyOf, playScenes } from './audit-golden/scene.ts'
import { skopeoScenes } from './audit-golden/skopeo-scenes.ts'

// UPDATE=1 writes what is compared.
const GOLDEN = join(import.meta.dirname, 'audit-golden.txt')

t.setTimeout(240_000)

t.test(
  'real clients make a line of every action, kind and outcome, as the file shows',
  { skip: cannotMount() },
  async t => {
    const registry = await openRegistryStage(t)
    const scenes = [...skopeoScenes(t, registry), ...apiScenes(registry), ...cutScenes(registry)]
    const stages = [
      { files: [registry.auditFile], scenes },
      logStage(t),
      await certificateStage(t),
      await sharedStage(t),
    ]
    const played = await Promise.all(stages.map(playScenes))
    const shown = played.flat()
    const lines = shown.map(({ line }) => line)
    const unseen = <T>(all: readonly T[], seen: readonly T[]) => all.filter(value => !seen.includes(value))
    t.strictSame(
      unseen(
        AUDIT_ACTIONS,
        lines.map(({ action }) => action),
      ),
      [],
      'every action',
    )
    t.strictSame(
      unseen(
        AUDIT_KINDS,
        lines.map(({ kind }) => kind),
      ),
      [],
      'every kind',
    )
    t.strictSame(
      unseen(
        AUDIT_OUTCOMES,
        lines.map(({ outcome }) => outcome),
      ),
      [],
      'every outcome',
    )
    t.equal(new Set(lines.map(keyOf)).size, lines.length, 'one line of each')
    const text = goldenText(shown, registry.names)
    t.notMatch(
      text,
      /sha256:[0-9a-f]|\d{4}-\d\d-\d\d|localhost[:_]\d|\/tmp\//,
      'nothing that differs each time',
    )
    if (process.env['UPDATE'] === '1') await writeFile(GOLDEN, text)
    t.strictSame(text.split('\n'), (await readFile(GOLDEN, 'utf8')).split('\n'), 'UPDATE=1 writes it')
  },
)
