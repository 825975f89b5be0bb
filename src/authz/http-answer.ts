import { asJsonObject, parseJsonText } from '../oci/json-object.ts'

/** What an HTTP authorizer said, or why it said nothing. */
export type HttpAnswer =
  | { readonly allow: boolean; readonly actions?: readonly string[]; readonly reason?: string }
  | { readonly fault: string }

/**
 * `{"result": true}` or `{"result": {"allow": true, "actions": ["pull"], "reason": "…"}}`, as Open Policy Agent
 * answers. An undefined result is a fault: the policy should have a default. Never throws.
 */
export function parseHttpAnswer(text: string): HttpAnswer {
  const answer = parseJsonText(text)
  if (answer === undefined) return { fault: 'its answer is no JSON object' }
  const { result } = answer
  if (result === undefined) return { fault: 'its answer has no "result"' }
  if (typeof result === 'boolean') return { allow: result }
  const decided = asJsonObject(result)
  if (decided === undefined) return { fault: '"result" is neither a boolean nor an object' }
  const { allow, actions, reason } = decided
  if (typeof allow !== 'boolean') return { fault: '"result.allow" is no boolean' }
  if (actions !== undefined && !isTexts(actions)) return { fault: '"result.actions" is no list of texts' }
  if (reason !== undefined && typeof reason !== 'string') return { fault: '"result.reason" is no text' }
  return {
    allow,
    ...(actions === undefined ? {} : { actions }),
    ...(reason === undefined || reason === '' ? {} : { reason }),
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
