import type { RegistryRequest } from '../model/registry-request.ts'

/**
 * Path and query to send to the registry, written from the parsed request alone, so that nothing of
 * what the client typed reaches the registry without having been understood here.
 */
export function canonicalTarget(request: RegistryRequest): string {
  switch (request.kind) {
    case 'ping':
      return '/v2/'
    case 'catalog':
      return `/v2/_catalog${query({ ...request.page })}`
    case 'tags':
      return `/v2/${request.name}/tags/list${query({ ...request.page })}`
    case 'referrers':
      return `/v2/${request.name}/referrers/${request.digest}${query({ artifactType: request.artifactType })}`
    case 'manifest': {
      const { reference } = request
      return `/v2/${request.name}/manifests/${reference.kind === 'tag' ? reference.tag : reference.digest}`
    }
    case 'blob':
      return `/v2/${request.name}/blobs/${request.digest}`
    case 'upload':
      return uploadTarget(request)
  }
}

function uploadTarget(request: Extract<RegistryRequest, { kind: 'upload' }>): string {
  const path = `/v2/${request.name}/blobs/uploads/`
  if (request.verb !== 'start') {
    return `${path}${request.session}${query({ _state: request.query.state, digest: request.query.digest })}`
  }
  const { mount, digest, digestAlgorithm } = request
  return (
    path + query({ mount: mount?.digest, from: mount?.from, digest, 'digest-algorithm': digestAlgorithm })
  )
}

function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}
