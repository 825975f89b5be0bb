import type { Decision, Question } from '../model/decision.ts'
import type { AclEntry } from './acl-entry.ts'
import { conclude } from './conclusion.ts'
import { contextOf } from './context.ts'
import { createDecisionCache, type DecisionCache } from './decision-cache.ts'
import { evaluate } from './evaluate.ts'
import { lintEntries } from './lint.ts'
import { createMatchers } from './matcher.ts'
import { once } from './once.ts'
import type { PolicyIssue } from './policy-issue.ts'
import { compileRule, type Rule } from './rule.ts'
import { createPlans, type PlanFor } from './subject-plan.ts'
import { type NewWord, usedWords } from './words.ts'

/** Compiled rules in the file's order, and what is remembered to answer quickly. */
export interface Policy {
  readonly rules: readonly Rule[]
  /** New words that some rule lists. */
  readonly used: ReadonlySet<NewWord>
  /** Values from outside are inserted as patterns, as docker_auth inserts all. */
  readonly insertsRaw: boolean
  readonly planFor: PlanFor
  readonly decisions: DecisionCache
}

/** A policy and what is to be said about its rules, in their order. */
export interface CompiledPolicy {
  readonly policy: Policy
  readonly issues: readonly PolicyIssue[]
}

/** How rules are to be read. */
export interface PolicyOptions {
  /** `docker_auth_1` inserts names and labels of external subjects raw, as docker_auth does. */
  readonly compat?: 'docker_auth_1' | undefined
}

/**
 * Compiles docker_auth's `acl`. When an issue is an error, the policy has no rules and so denies
 * everything: to leave one rule out could turn a denial into a grant. Never throws.
 */
export function compilePolicy(entries: readonly AclEntry[], { compat }: PolicyOptions = {}): CompiledPolicy {
  const matchers = createMatchers(entries.length)
  const used = usedWords(entries)
  const issues = lintEntries(entries, { matchers, used, compat })
  const usable = issues.some(issue => issue.severity === 'error') ? [] : entries
  const rules = usable.map((entry, index) => compileRule(entry, { index, matchers, used }))
  const policy = {
    rules,
    used,
    insertsRaw: compat === 'docker_auth_1',
    planFor: createPlans(rules),
    decisions: createDecisionCache(rules),
  }
  return { policy, issues }
}

/**
 * The policy's answer. For each action the first rule that applies and speaks of it decides; no rule, no right.
 * With docker's words (`pull`, `push`, `delete`, `*`) and no tag, `granted` is what a token may carry; a request
 * asks again with its tag and with `overwrite`, `list` and `mount`, where that is what it does. Never throws.
 */
export function decide(policy: Policy, question: Question): Decision {
  const context = once(() => contextOf(question, policy.insertsRaw))
  const plan = policy.planFor(question.subject, context)
  return policy.decisions.get({ planId: plan.id, question }, () => {
    const evaluation = evaluate({
      question,
      context: context(),
      used: policy.used,
      rules: plan.candidates(question.access.name),
      conditionsOf: rule => rule.ofRequest,
    })
    return conclude(evaluation, plan.named)
  })
}
