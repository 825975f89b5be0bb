import type { RegistryRequest } from '../model/registry-request.ts'
import { mountSourceAccess } from '../oci/access.ts'
import { type AuthorizationContext, decideOn, type Identified, mayAlso } from './authorize.ts'

/**
 * The request to forward. A mount whose source the subject may not pull becomes a plain upload start: a 403 here
 * would abort the push in every containerd (containerd#14086).
 */
export async function withPermittedMount(
  context: AuthorizationContext,
  identified: Identified,
): Promise<RegistryRequest> {
  const { request } = context
  if (request.kind !== 'upload' || request.verb !== 'start' || request.mount === undefined) return request
  const target = { type: 'repository', name: request.name, actions: ['mount'] }
  const mayMount = (await decideOn(context, identified, { access: target })).denied.length === 0
  if (mayMount && (await mayAlso(context, identified, mountSourceAccess(request.mount)))) return request
  const { mount: _denied, ...plainStart } = request
  return plainStart
}
