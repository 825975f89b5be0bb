import type { Decision, Question } from '../model/decision.ts'
import type { AclEntry } from './acl-entry.ts'
import { conclude } from './conclusion.ts'
import { evaluate } from './evaluate.ts'
import { lintEntries } from './lint.ts'
import { createMatchers } from './matcher.ts'
import type { PolicyIssue } from './policy-issue.ts'
import { compileRule, type Rule } from './rule.ts'

/** Compiled rules in the file's order. */
export interface Policy {
  readonly rules: readonly Rule[]
}

/** A policy and what is to be said about its rules, in their order. */
export interface CompiledPolicy {
  readonly policy: Policy
  readonly issues: readonly PolicyIssue[]
}

/**
 * Compiles docker_auth's `acl`. When an issue is an error, the policy has no rules and so denies
 * everything: to leave one rule out could turn a denial into a grant. Never throws.
 */
export function compilePolicy(entries: readonly AclEntry[]): CompiledPolicy {
  const matchers = createMatchers()
  const issues = lintEntries(entries, matchers)
  if (issues.some(issue => issue.severity === 'error')) return { policy: { rules: [] }, issues }
  return { policy: { rules: entries.map((entry, index) => compileRule(entry, index, matchers)) }, issues }
}

/** The policy's answer: the first rule whose every condition holds decides; no rule, no right. Never throws. */
export function decide(policy: Policy, question: Question): Decision {
  return conclude(evaluate(policy.rules, question), question)
}
