import type { AuthnResult } from '../model/credentials.ts'
import { AuthnUnavailable } from '../model/errors.ts'
import { parseLabels } from '../model/labels.ts'
import type { Authenticate } from '../model/ports.ts'
import type { ProgramResult, RunProgram } from '../model/program.ts'
import type { Labels } from '../model/subject.ts'

const RETRY_AFTER_SECONDS = 5
/** Between a name and its password stands a space, so a name that holds one could pass for another. */
const AMBIGUOUS = /[\s\p{Cc}]/u

const UNKNOWN: AuthnResult = { outcome: 'unknown' }
const REJECTED: AuthnResult = { outcome: 'rejected', reason: 'ext_auth rejected the login' }

/**
 * docker_auth's `ext_auth`: a program reads `NAME PASSWORD` and exits with 0 (right; labels may follow as JSON on
 * its standard output), 1 (wrong) or 2 (not its user). The anonymous subject is asked about too. A name with white
 * space is nobody's; docker_auth asks.
 */
export function createExtAuth({ run }: { readonly run: RunProgram }): Authenticate {
  return async ({ name, password }) => {
    if (AMBIGUOUS.test(name)) return UNKNOWN
    return toResult(name, await run(`${name} ${password.reveal()}`))
  }
}

function toResult(name: string, result: ProgramResult): AuthnResult {
  if (result.outcome === 'failed') throw unavailable(result.reason, result)
  switch (result.code) {
    case 0:
      return {
        outcome: 'authenticated',
        subject: { name, via: 'ext', labels: readLabels(result.stdout), isExternal: true },
      }
    case 1:
      return REJECTED
    case 2:
      return UNKNOWN
    default:
      throw unavailable(`it exited with ${result.code}: ${result.stderr.trim()}`)
  }
}

function readLabels(output: string): Labels {
  if (output === '') return {}
  const labels = parseLabels(labelsMember(output))
  if (labels === undefined) throw unavailable('its labels are no lists of texts, or are more than 4 KiB')
  return labels
}

function labelsMember(output: string): unknown {
  const answer = parseJson(output)
  if (answer === null) return undefined
  if (typeof answer !== 'object' || Array.isArray(answer)) throw unavailable('its output is no JSON object')
  // Go's decoder takes a member's name in any case.
  return Object.entries(answer).findLast(([key]) => key.toLowerCase() === 'labels')?.[1]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw unavailable('its output is not JSON', { cause })
  }
}

function unavailable(
  problem: string,
  { cause, isOverload = false }: { readonly cause?: unknown; readonly isOverload?: boolean } = {},
): AuthnUnavailable {
  return new AuthnUnavailable('Logins cannot be checked just now', RETRY_AFTER_SECONDS, {
    cause: new Error(`ext_auth: ${problem}`, { cause }),
    isOverload,
  })
}
