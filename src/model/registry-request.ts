import type { Reference } from './reference.ts'

/** Paging of a list: both as the client sent them; absent ones are left out. */
export interface Page {
  readonly n?: string
  readonly last?: string
}

/** A cross-repository mount asked for at the start of an upload. */
export interface Mount {
  readonly digest: string
  readonly from: string
}

/** Query of a request inside an upload session; `state` is the registry's opaque `_state`. */
export interface UploadQuery {
  readonly state?: string
  readonly digest?: string
}

/**
 * One request under `/v2/`, parsed; nothing of the raw target survives beside it.
 * `head` tells HEAD from GET. Spec: OCI distribution-spec 1.1, "Endpoints".
 */
export type RegistryRequest =
  | { readonly kind: 'ping'; readonly head: boolean }
  | { readonly kind: 'catalog'; readonly page: Page }
  | { readonly kind: 'tags'; readonly name: string; readonly page: Page }
  | {
      readonly kind: 'referrers'
      readonly name: string
      readonly digest: string
      readonly artifactType?: string
    }
  | {
      readonly kind: 'manifest'
      readonly verb: 'check' | 'read' | 'write' | 'delete'
      readonly name: string
      readonly reference: Reference
    }
  | {
      readonly kind: 'blob'
      readonly verb: 'check' | 'read' | 'delete'
      readonly name: string
      readonly digest: string
    }
  | {
      readonly kind: 'upload'
      readonly verb: 'start'
      readonly name: string
      readonly mount?: Mount
      /** Present when the body is the whole blob (end-4b). */
      readonly digest?: string
      readonly digestAlgorithm?: string
    }
  | {
      readonly kind: 'upload'
      readonly verb: 'status' | 'append' | 'commit' | 'cancel'
      readonly name: string
      readonly session: string
      readonly query: UploadQuery
      readonly head?: boolean
    }
