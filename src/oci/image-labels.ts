import { goMember, misspeltMember } from './go-member.ts'
import { asJsonObject } from './json-object.ts'
import { parseStrictJson } from './strict-json.ts'

const MAX_DEPTH = 64
const CONFIG_TYPES = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])

/** Whether a configuration of this media type is an image's, which can have labels. */
export function isImageConfig(mediaType: string): boolean {
  return CONFIG_TYPES.has(mediaType)
}

/**
 * The labels of an image, from the bytes of its configuration; none when they are not such a configuration or
 * another reader could find other labels in it. Never throws.
 * Spec: OCI image-spec 1.1, config.md.
 */
export function imageLabels(config: Uint8Array): ReadonlyMap<string, string> {
  const json = parseStrictJson(config, { maxDepth: MAX_DEPTH })
  const labels = 'fault' in json ? undefined : memberObject(memberObject(json.value, 'config'), 'Labels')
  return new Map(
    Object.entries(labels ?? {}).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}

function memberObject(value: unknown, name: string): unknown {
  const object = asJsonObject(value)
  if (object === undefined || misspeltMember(object, [name]) !== undefined) return undefined
  return asJsonObject(goMember(object, name))
}
