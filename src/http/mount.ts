import type { ResourceActions } from '../model/access.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { mountSourceAccess } from '../oci/access.ts'
import { type AuthorizationContext, type Identified, mayMount } from './authorize.ts'

/**
 * The request to forward and the whole access it needs. A mount whose source the subject may not pull becomes a
 * plain upload start: a 403 here would abort the push in every containerd (containerd#14086).
 */
export function withPermittedMount(
  context: AuthorizationContext,
  identified: Identified,
): { readonly request: RegistryRequest; readonly access: readonly ResourceActions[] } {
  const { request, access } = context
  if (request.kind !== 'upload' || request.verb !== 'start' || request.mount === undefined)
    return { request, access }
  if (mayMount(context, identified, request.mount)) {
    return { request, access: [...access, mountSourceAccess(request.mount)] }
  }
  const { mount: _denied, ...plainStart } = request
  return { request: plainStart, access }
}
