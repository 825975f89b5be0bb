import { join } from 'node:path'
import { AUDIT_ACTIONS } from '../../../src/model/audit-event.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { landwaiterConfig } from '../data-path/landwaiter-config.ts'
import type { ProxySetting } from '../data-path/proxy-setting.ts'
import type { Door } from '../data-path/server.ts'
import { startLandwaiter } from '../data-path/start-landwaiter.ts'

/** Sections `audit` that are compared; `off` is as far off as an operator can turn the log. */
export const AUDIT_SETTINGS = {
  off: { omit: AUDIT_ACTIONS },
  on: {},
  unchained: { chain: false },
  always: { sync: 'always' },
} as const

/** The name of one of them. */
export type AuditSettingName = keyof typeof AUDIT_SETTINGS

/** A landwaiter with one of these settings. */
export interface AuditDoor {
  readonly name: AuditSettingName
  readonly door: Door
}

/** Starts it in front of the registry; stopped at teardown. */
export async function startAuditDoor(
  t: Scope,
  name: AuditSettingName,
  setting: Omit<ProxySetting, 'sink'>,
): Promise<AuditDoor> {
  const directory = join(tempDir(t), name)
  const audit = { ...AUDIT_SETTINGS[name], file: join(directory, 'audit.jsonl') }
  return {
    name,
    door: await startLandwaiter(t, directory, { config: { ...landwaiterConfig(setting), audit } }),
  }
}
