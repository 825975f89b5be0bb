import { type AuthorizationContext, decideOn, denial, type Identified } from './authorize.ts'
import type { GuardedRequestPorts } from './guard-ports.ts'

/** A push has always needed pull as well; the registry demands both. */
const ACTIONS = { push: ['pull', 'push'], overwrite: ['overwrite', 'pull'], delete: ['delete'] } as const

/** The rights of one subject as the guards ask for them: on the repository of the request, whatever the tag. */
export function guardRights(
  context: AuthorizationContext,
  found: Identified,
): Pick<GuardedRequestPorts, 'decide' | 'refusal'> {
  const { request } = context
  const name = 'name' in request ? request.name : ''
  return {
    decide: async (action, tag) => {
      const access = { type: 'repository', name, actions: ACTIONS[action] }
      return await decideOn(context, found, { access, tag })
    },
    refusal: decision => denial(context, found, decision),
  }
}
