import { isDigest } from './digest.ts'
import { jsonObjects, parseJsonObject } from './json-object.ts'

/** Digests of the manifests that an index or a manifest list holds, in its order; none for anything else. */
export function indexChildren(manifest: Uint8Array): readonly string[] {
  return jsonObjects(parseJsonObject(manifest)?.['manifests']).flatMap(({ digest }) =>
    typeof digest === 'string' && isDigest(digest) ? [digest] : [],
  )
}
