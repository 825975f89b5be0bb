import { parseLabels } from '../model/labels.ts'
import type { ExternalIdentity, ExternalVia, Subject } from '../model/subject.ts'

/**
 * Our private claim, `landwaiter`, in tokens of subjects whom the configuration does not know; `undefined` for all
 * others, whose labels are looked up at every use.
 */
export function externalClaim({ via, labels }: Subject): ExternalIdentity | undefined {
  return isExternalVia(via) ? { via, labels } : undefined
}

/** The claim as we write it, read again; `undefined` when it is anything else. */
export function parseExternalClaim(value: unknown): ExternalIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { via, labels }: { readonly via?: unknown; readonly labels?: unknown } = value
  const parsed = parseLabels(labels)
  return isExternalVia(via) && parsed !== undefined ? { via, labels: parsed } : undefined
}

function isExternalVia(via: unknown): via is ExternalVia {
  return via === 'ext' || via === 'certificate'
}
