import type { Log } from '../model/ports.ts'
import type { SignatureDuty, SignatureFinding, SignatureVerdict } from '../model/signature.ts'
import { printable } from '../policy/printable.ts'
import type { SignatureCheck } from './signature-check.ts'
import { type ApplicableRule, createRuleFinder, type Pull, type SignatureRule } from './signature-rule.ts'

/** Keeps the sentence below 200 characters, digest and rule included. */
const MAX_IMAGE = 55

/** The duty to check what a pull is about to send; `undefined` when no rule asks for it. */
export type RequireSignature = (pull: Pull) => SignatureDuty | undefined

/**
 * Applies the rules of `require_signature`. In `enforce` mode what is unsigned is denied, and what cannot be told is
 * not sent either; in `warn` mode both are sent, with a warning, and logged.
 */
export function createRequireSignature(options: {
  readonly rules: readonly SignatureRule[]
  readonly check: SignatureCheck
  readonly log: Log
}): RequireSignature {
  const findRule = createRuleFinder(options.rules)
  return pull => {
    const rule = findRule(pull)
    if (rule === undefined) return undefined
    return async digest => {
      const finding = await options.check({ name: pull.name, digest, keys: rule.keys })
      const verdict = judge(finding, { rule, image: imageOf(pull, digest) })
      if (verdict.outcome === 'warn') logWarning(options.log, pull, verdict)
      return verdict
    }
  }
}

function judge(
  finding: SignatureFinding,
  { rule, image }: { readonly rule: ApplicableRule; readonly image: string },
): SignatureVerdict {
  const by = `rule "${rule.id}"`
  switch (finding.outcome) {
    case 'signed':
    case 'exempt':
      return { outcome: 'pass' }
    case 'unsigned': {
      const message = `${image} is not signed by a trusted key; ${by}`
      const outcome = rule.mode === 'warn' ? 'warn' : 'deny'
      return { outcome, rule: rule.id, message, detail: finding.reason }
    }
    case 'unknown': {
      const message = `the signature of ${image} cannot be checked now; ${by}`
      if (rule.mode === 'warn') return { outcome: 'warn', rule: rule.id, message, detail: finding.reason }
      return { outcome: 'unknown', rule: rule.id, message, cause: finding.cause }
    }
  }
}

function imageOf({ name, tag }: Pull, digest: string): string {
  if (tag === undefined) return `${printable(name, MAX_IMAGE)}@${digest}`
  return `${printable(`${name}:${tag}`, MAX_IMAGE)} (${digest})`
}

function logWarning(
  log: Log,
  pull: Pull,
  verdict: SignatureVerdict & { readonly outcome: 'warn' | 'deny' },
): void {
  const { message, rule, detail } = verdict
  log.warn(message, { rule, reason: detail, repository: pull.name, tag: pull.tag, account: pull.account })
}
