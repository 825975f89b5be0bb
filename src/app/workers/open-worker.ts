import { randomBytes } from 'node:crypto'
import type { LoadedConfig } from '../../config/load.ts'
import type { BroadcastChange } from '../../content/freshness.ts'
import { createListCursor } from '../../http/list-cursor.ts'
import { createUnderway } from '../../http/underway.ts'
import { createMetrics } from '../../ops/metrics.ts'
import { createUlid } from '../../ops/ulid.ts'
import { createSignatureCheck } from '../../signature/signature-check.ts'
import type { Authority } from '../open-authority.ts'
import { openUpstream } from '../open-upstream.ts'
import type { ServingParts } from '../parts.ts'
import type { Owner } from './owner.ts'
import { createRemoteAuditor } from './remote-auditor.ts'
import { openRemoteAuthority } from './remote-authority.ts'
import { createRemoteLocks } from './remote-locks.ts'
import { createRemoteLog } from './remote-log.ts'
import { createRemoteProbe, type RemoteProbe } from './remote-probe.ts'
import { createRemoteUploads } from './remote-uploads.ts'
import type { WorkerSetup } from './worker-calls.ts'
import { openWorkerTls, type WorkerTls } from './worker-tls.ts'

/** What a worker has open. */
export interface WorkerParts {
  readonly serving: ServingParts
  readonly tls: WorkerTls | undefined
  readonly probe: RemoteProbe
  readonly openAuthority: (loaded: LoadedConfig, keyTexts: WorkerSetup['keyTexts']) => Promise<Authority>
}

/** Opens what serves requests, its state being the owner's. */
export async function openWorkerParts(
  loaded: LoadedConfig,
  setup: WorkerSetup,
  owner: Owner,
): Promise<WorkerParts> {
  const { config } = loaded
  const { key, version } = setup
  const clock = Date.now
  const log = createRemoteLog(owner)
  const metrics = createMetrics({ version })
  const probe = createRemoteProbe(owner, setup.probe)
  const broadcast: BroadcastChange = change => owner.ask('announce', change).catch(() => undefined)
  const upstream = openUpstream(config, setup.address, { key, clock, log, metrics, probe, broadcast })
  const signatureCheck = createSignatureCheck({ fetch: upstream.fetchContent, clock })
  const effects = { owner, clock, log, metrics, signatureCheck }
  const openAuthority: WorkerParts['openAuthority'] = (another, keyTexts) =>
    openRemoteAuthority(another, keyTexts, effects)
  const openAudit: ServingParts['openAudit'] = selection =>
    createRemoteAuditor(owner, { clock, monotonic: () => performance.now(), selection })
  const tls = await openWorkerTls(config, setup, { clock, log })
  const serving = {
    loaded,
    log,
    clock,
    metrics,
    newId: createUlid(clock, randomBytes),
    key,
    readClientCertificate: tls?.readClientCertificate,
    audit: openAudit(config.audit),
    openAudit,
    authority: await openAuthority(loaded, setup.keyTexts),
    openAuthority: (another: LoadedConfig) => openAuthority(another, setup.keyTexts),
    uploads: createRemoteUploads(owner),
    locks: createRemoteLocks(owner),
    signatureCheck,
    listCursor: createListCursor(Buffer.from(setup.listCursorKey)),
    upstream,
    underway: createUnderway<symbol>(),
    draining: new AbortController(),
  }
  return { serving, tls, probe, openAuthority }
}
