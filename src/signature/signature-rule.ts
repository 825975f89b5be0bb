import { matchedText } from '../policy/matched-text.ts'
import { createMatchers, type Matcher } from '../policy/matcher.ts'
import type { KeySet } from './key-set.ts'

/** One entry of `require_signature`, its keys read. Patterns are globs or `/regex/`, as in `acl`. */
export interface SignatureRule {
  readonly name: string
  /** With `tags`, the rule is for pulls by these tags only, not for pulls by digest. */
  readonly tags?: readonly string[]
  readonly mode: 'warn' | 'enforce'
  /** Accounts that the rule is not for: whoever signs must see the image before it is signed. */
  readonly signers: readonly string[]
  readonly keys: KeySet
}

/** A rule that applies; `id` is `require_signature[N]`. */
export interface ApplicableRule extends SignatureRule {
  readonly id: string
}

/** What is pulled, by whom; without `tag` it is pulled by digest. */
export interface Pull {
  readonly name: string
  readonly tag?: string
  readonly account: string
}

/** Finds the first rule for a pull; `undefined` when none is for it or its account is a signer there. Never throws. */
export function createRuleFinder(
  rules: readonly SignatureRule[],
): (pull: Pull) => ApplicableRule | undefined {
  const matchers = createMatchers()
  const written = (pattern: string) => matchers.written(pattern).matches
  const compiled = rules.map((rule, index) => ({
    rule: { ...rule, id: `require_signature[${index}]` },
    name: written(rule.name),
    tags: rule.tags?.map(written),
    signers: rule.signers.map(written),
  }))
  return ({ name, tag, account }) => {
    const found = compiled.find(
      entry => entry.name(matchedText(name)) && (entry.tags === undefined || isOneOf(entry.tags, tag)),
    )
    return found === undefined || isOneOf(found.signers, account) ? undefined : found.rule
  }
}

function isOneOf(matchers: readonly Matcher[], text: string | undefined): boolean {
  return text !== undefined && matchers.some(matches => matches(matchedText(text)))
}
