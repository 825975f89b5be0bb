import type { FetchContent } from '../model/signature.ts'
import { parseJsonObject } from '../oci/json-object.ts'
import { statementManifest } from '../oci/statement-manifest.ts'
import type { ManifestAddress } from './find-signatures.ts'

const MAX_SUSPECTS = 64

/**
 * Whether a manifest holds signatures or attestations alone, which are not signed themselves. Where it calls itself an
 * image, its layers must be JSON texts, which no archive is.
 * @throws whatever `fetch` rejects with.
 */
export async function isStatement(
  fetch: FetchContent,
  { name }: ManifestAddress,
  manifest: Uint8Array,
): Promise<boolean> {
  const statement = statementManifest(manifest)
  if (statement === undefined || statement.suspects.length > MAX_SUSPECTS) return false
  for (const reference of statement.suspects) {
    const blob = await fetch({ name, kind: 'blob', reference })
    if (blob === undefined || parseJsonObject(blob) === undefined) return false
  }
  return true
}
