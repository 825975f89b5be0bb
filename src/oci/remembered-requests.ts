import { LRUCache } from 'lru-cache'
import { atMost } from '../model/at-most.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { parseRegistryRequest } from './route.ts'

const MAX_REQUESTS = 5_000
/** Longer ones are rare and each another's; together they may not take more than a few MiB. */
const MAX_TARGET = 512

/** `parseRegistryRequest` that remembers what it read lately; what it refuses it refuses anew. @throws OciError */
export function rememberRequests(): typeof parseRegistryRequest {
  const byMethod = new Map<string, LRUCache<string, RegistryRequest>>(
    METHODS.map(method => [method, new LRUCache(atMost(MAX_REQUESTS))]),
  )
  return (method, target) => {
    const known = target.length > MAX_TARGET ? undefined : byMethod.get(method)
    const found = known?.get(target)
    if (found !== undefined) return found
    const request = parseRegistryRequest(method, target)
    known?.set(target, request)
    return request
  }
}

/** A session of an upload is asked for once or twice only. */
const METHODS = ['GET', 'HEAD']
