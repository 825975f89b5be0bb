import { z } from 'zod'
import type { AcmeFailure } from '../model/errors.ts'
import { oneLine } from '../model/one-line.ts'
import { jsonOf } from './json-of.ts'

const PREFIX = 'urn:ietf:params:acme:error:'
const LONGEST_TEXT = 2000 // characters; links that lift a pause are long
const MOST_SUBPROBLEMS = 10

/** An error document of an authority. Spec: RFC 8555 §6.7, RFC 9457. */
export interface Problem {
  /** Without its URN prefix; absent when the authority gave none. */
  readonly type?: string
  /** One line for the operator: the detail, and those of the subproblems with their names. */
  readonly text: string
}

const text = z.string().optional().catch(undefined)
const SubproblemSchema = z.object({
  type: text,
  detail: text,
  identifier: z.object({ value: z.string() }).optional().catch(undefined),
})
const ProblemSchema = SubproblemSchema.extend({
  subproblems: z.array(SubproblemSchema).optional().catch(undefined),
})

const FAILURES: Readonly<Record<string, AcmeFailure>> = {
  rateLimited: 'limited',
  serverInternal: 'server',
  badNonce: 'server',
  orderNotReady: 'server',
  accountDoesNotExist: 'account',
  alreadyReplaced: 'replaced',
}

const NOT_ABOUT_THE_PROOF = new Set([
  'serverInternal',
  'rateLimited',
  'caa',
  'rejectedIdentifier',
  'unsupportedIdentifier',
])

/** What failed when an authority answers a request with `status`, and a problem or none. */
export function failureOf(status: number, problem: Problem | undefined): AcmeFailure {
  const type = problem?.type ?? ''
  // A paused name comes as a rate limit, but waiting does not help; the text has the link that does.
  if (type === 'rateLimited' && problem?.text.includes('/unpause')) return 'refused'
  const known = FAILURES[type]
  if (known !== undefined) return known
  if (status === 429) return 'limited'
  return status >= 500 || status < 400 ? 'server' : 'refused'
}

/** What failed when a challenge holds this problem: most types tell why the name could not be verified. */
export function failureOfValidation(problem: Problem | undefined): AcmeFailure {
  const type = problem?.type ?? ''
  return NOT_ABOUT_THE_PROOF.has(type) ? failureOf(400, problem) : 'validation'
}

/** The problem in a parsed document; `undefined` when it is none. Never throws. */
export function readProblem(document: unknown): Problem | undefined {
  const parsed = ProblemSchema.safeParse(document)
  if (!parsed.success) return undefined
  const { type, detail, subproblems = [] } = parsed.data
  const parts = subproblems.slice(0, MOST_SUBPROBLEMS).map(one => {
    const name = one.identifier === undefined ? '' : `${one.identifier.value}: `
    return `${name}${one.detail ?? shortType(one.type) ?? 'refused'}`
  })
  const whole = [detail ?? shortType(type), ...parts].filter(part => part !== undefined).join('; ')
  if (whole === '') return undefined
  const short = shortType(type)
  return { ...(short !== undefined && { type: short }), text: oneLine(whole, LONGEST_TEXT) }
}

/** The problem in the body of an answer; `undefined` when it is none. Never throws. */
export function parseProblem(body: string): Problem | undefined {
  // Not JSON may be the page of a proxy in front of the authority.
  return readProblem(jsonOf(body))
}

function shortType(type: string | undefined): string | undefined {
  return type?.startsWith(PREFIX) ? type.slice(PREFIX.length) : undefined
}
