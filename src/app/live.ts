import type { RequestListener } from 'node:http'
import type { Auditor } from '../audit/auditor.ts'
import type { LoadedConfig } from '../config/load.ts'
import { createDispatch } from '../http/dispatch.ts'
import { type Handlers, openHandlers } from './handlers.ts'
import type { Authority } from './open-authority.ts'
import type { ServingParts } from './parts.ts'
import { restartKeys, withFixedKeys } from './restart-keys.ts'

/** Questions under way at a reload are answered by whom they were put to; no program runs longer than this. */
const RETIRE_MS = 5 * 60_000

/** A configuration that is open beside the running one. One of the two must be called. */
export interface Prepared {
  /** Keys whose change waits for the next start. */
  readonly restart: readonly string[]
  readonly authority: Authority
  /** From the next request on it decides. Never rejects. */
  commit(): Promise<void>
  abandon(): Promise<void>
}

/** The handlers of the listeners, behind which a reload swaps everything that a configuration decides. */
export interface Live {
  readonly dispatch: RequestListener
  /** True for a host name that we serve. */
  readonly isOurs: (host: string) => boolean
  /** Those of the configuration in force. */
  readonly authority: () => Authority
  readonly audit: () => Auditor
  /** @throws ExternalFileError; nothing has changed then. */
  prepare(loaded: LoadedConfig, openAuthority?: ServingParts['openAuthority']): Promise<Prepared>
  /** Ends the programs and connections of every configuration that was in force. */
  close(): Promise<void>
}

/** Running requests keep what they began with; connections and upload sessions stay. */
export function createLive(parts: ServingParts): Live {
  let current: Handlers = openHandlers(parts)
  let { authority, audit } = parts
  const retired = new Map<Authority, NodeJS.Timeout>()
  const retire = (old: Authority) => {
    const end = () => {
      retired.delete(old)
      void old.close()
    }
    retired.set(old, setTimeout(end, RETIRE_MS).unref())
  }
  return {
    dispatch: createDispatch(() => current.dispatch),
    isOurs: host => current.isOurs(host),
    authority: () => authority,
    audit: () => audit,
    prepare: async (loaded, openAuthority = parts.openAuthority) => {
      const running = parts.loaded.config
      const config = withFixedKeys(running, loaded.config)
      const next = { ...loaded, config }
      const opened = await openAuthority(next)
      return {
        restart: restartKeys(running, loaded.config),
        authority: opened,
        commit: async () => {
          // Whoever has changed the registry behind our back says so by a reload.
          parts.upstream.cache.clear()
          retire(authority)
          authority = opened
          audit = parts.openAudit(config.audit)
          current = openHandlers({ ...parts, loaded: next, authority, audit })
        },
        abandon: () => opened.close(),
      }
    },
    close: async () => {
      for (const timer of retired.values()) clearTimeout(timer)
      await Promise.all([authority, ...retired.keys()].map(one => one.close()))
    },
  }
}
