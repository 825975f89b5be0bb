import type { Decision, Question } from '../model/decision.ts'
import { printable } from '../policy/printable.ts'
import type { Authorizer, Verdict } from './authorizer.ts'

const MAX_REASON = 200
const MAX_ACCOUNT = 32
const MAX_NAME = 60

/**
 * Decisions by the `acl` and, for what none of its rules decides, by the first authorizer, as docker_auth asks them:
 * an authorizer always answers, so that the ones after it are never reached.
 * The result rejects with AuthzUnavailable when the authorizer cannot tell.
 */
export function createDecisionChain(options: {
  readonly decideByAcl: (question: Question) => Decision
  /** In docker_auth's order: ext_authz, http_authz, casbin_authz. */
  readonly authorizers: readonly Authorizer[]
}): (question: Question) => Decision | Promise<Decision> {
  const { decideByAcl } = options
  const [authorizer] = options.authorizers
  if (authorizer === undefined) return decideByAcl
  return async question => {
    const byAcl = decideByAcl(question)
    const actions = undecided(byAcl)
    if (actions.length === 0) return byAcl
    const open = { ...question, access: { ...question.access, actions } }
    return joined(byAcl, question, decisionOf(authorizer.name, open, await authorizer.authorize(open)))
  }
}

function undecided({ undecided, rule, denied }: Decision): readonly string[] {
  return undecided ?? (rule === 'default-deny' ? denied : [])
}

function decisionOf(name: Authorizer['name'], { subject, access }: Question, verdict: Verdict): Decision {
  const granted = access.actions.filter(action => verdict.granted.includes(action))
  const denied = access.actions.filter(action => !verdict.granted.includes(action))
  const who = printable(subject.name || 'anonymous', MAX_ACCOUNT)
  const what = access.type === 'repository' ? access.name : `${access.type} ${access.name}`
  const because = verdict.reason === undefined ? '' : `: ${verdict.reason}`
  const reason =
    denied.length === 0
      ? `${name} allows ${access.actions.join(', ')}`
      : `${name} denies ${who} ${denied.join(', ')} on ${printable(what, MAX_NAME)}${because}`
  return { granted, denied, rule: name, reason: printable(reason, MAX_REASON) }
}

/** The rules may have decided a part: what they deny stays denied, and theirs is the reason then. */
function joined(byAcl: Decision, { access }: Question, further: Decision): Decision {
  const allowed = new Set([...byAcl.granted, ...further.granted])
  const granted = access.actions.filter(action => allowed.has(action))
  const denied = access.actions.filter(action => !allowed.has(action))
  const isByAcl = denied.length > 0 && further.denied.length === 0
  const { rule, reason } = isByAcl ? byAcl : further
  return { granted, denied, rule, reason }
}
