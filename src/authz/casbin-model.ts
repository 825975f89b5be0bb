import type { Enforcer } from 'casbin'
import { CASBIN_FUNCTIONS } from './casbin-functions.ts'
import { unknownNames } from './matcher-names.ts'

/** The fields of a question in docker_auth's order. */
const REQUEST_FIELDS = ['account', 'type', 'name', 'service', 'ip', 'action', 'labels'] as const

/** A question to Casbin: account, type, name, service, ip, action, labels as JSON. */
export type CasbinRequest = readonly [string, string, string, string, string, string, string]

/** A loaded model with its policy. */
export interface CasbinModel {
  /** @throws Error when the model's functions cannot tell. */
  allows(request: CasbinRequest): boolean
  /** Whether any rule of the policy has this text as a field. */
  mentions(text: string): boolean
}

/** Nobody, from the address that stands for one in examples (RFC 5737). */
const TRIAL: CasbinRequest = ['', 'repository', 'a', '', '192.0.2.1', 'pull', 'null']

/**
 * Compiles a model and a policy, and tries them once. Names that the package would take for nothing, lines that it
 * would leave out and rules with a field too many or too few are faults: one of them may be a denial.
 * @throws Error saying what is wrong.
 */
export async function compileCasbin(modelText: string, policyText: string): Promise<CasbinModel> {
  // Only those who use it pay for loading it.
  const { Enforcer, newEnforcerWithClass, newModelFromString, StringAdapter } = await import('casbin')

  class GoEnforcer extends Enforcer {
    constructor() {
      super()
      // `addFunction` keeps the package's own when there is one.
      for (const [name, call] of Object.entries(CASBIN_FUNCTIONS)) this.functions().set(name, call)
    }

    functions() {
      return this.fm.getFunctions()
    }
  }
  const model = newModelFromString(modelText)
  const enforcer = await newEnforcerWithClass(GoEnforcer, model, new StringAdapter(`${policyText}\n`))
  requireKnownNames(enforcer, [...enforcer.functions().keys()])
  const rules = requireWholePolicy(enforcer, policyText)
  const words = new Set(rules.flat())
  enforcer.enforceSync(...TRIAL)
  return {
    allows: request => enforcer.enforceSync(...request),
    mentions: text => words.has(text),
  }
}

function requireKnownNames(enforcer: Enforcer, functions: readonly string[]): void {
  const sections = enforcer.getModel().model
  const request = tokensOf(enforcer, 'r')
  if (request.length !== REQUEST_FIELDS.length) {
    throw new Error(`the request_definition must be r = ${REQUEST_FIELDS.join(', ')}`)
  }
  const roles = sections.get('g')?.keys() ?? []
  const known = new Set([...request, ...tokensOf(enforcer, 'p'), ...functions, ...roles])
  const [unknown] = unknownNames(sections.get('m')?.get('m')?.value ?? '', known)
  if (unknown !== undefined) throw new Error(`the matcher has the unknown name ${unknown}`)
}

function requireWholePolicy(enforcer: Enforcer, policyText: string): readonly (readonly string[])[] {
  const sections = enforcer.getModel().model
  const assertions = ['p', 'g'].flatMap(section => [...(sections.get(section)?.values() ?? [])])
  const rules = assertions.flatMap(({ key, policy, tokens }) =>
    policy.map(rule => {
      if (key.startsWith('g') || rule.length === tokens.length) return rule
      throw new Error(`the rule "${key}, ${rule.join(', ')}" has not the ${tokens.length} fields of ${key}`)
    }),
  )
  const lines = policyText.split('\n').filter(line => !/^\s*(#|$)/.test(line))
  if (lines.length === rules.length) return rules
  throw new Error(`${lines.length - rules.length} lines have a kind that the model does not define`)
}

function tokensOf(enforcer: Enforcer, section: 'r' | 'p'): readonly string[] {
  return enforcer.getModel().model.get(section)?.get(section)?.tokens ?? []
}
