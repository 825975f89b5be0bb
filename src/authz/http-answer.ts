/** What an HTTP authorizer said, or why it said nothing. */
export type HttpAnswer =
  | { readonly allow: boolean; readonly actions?: readonly string[]; readonly reason?: string }
  | { readonly fault: string }

/**
 * `{"result": true}` or `{"result": {"allow": true, "actions": ["pull"], "reason": "…"}}`, as Open Policy Agent
 * answers. An undefined result is a fault: the policy should have a default. Never throws.
 */
export function parseHttpAnswer(text: string): HttpAnswer {
  const answer = parseObject(text)
  if (answer === undefined) return { fault: 'its answer is no JSON object' }
  const { result } = answer
  if (result === undefined) return { fault: 'its answer has no "result"' }
  if (typeof result === 'boolean') return { allow: result }
  if (!isObject(result)) return { fault: '"result" is neither a boolean nor an object' }
  const { allow, actions, reason } = result
  if (typeof allow !== 'boolean') return { fault: '"result.allow" is no boolean' }
  if (actions !== undefined && !isTexts(actions)) return { fault: '"result.actions" is no list of texts' }
  if (reason !== undefined && typeof reason !== 'string') return { fault: '"result.reason" is no text' }
  return {
    allow,
    ...(actions === undefined ? {} : { actions }),
    ...(reason === undefined || reason === '' ? {} : { reason }),
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // Not JSON: no answer.
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
