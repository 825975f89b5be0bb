import type { Decision } from '../model/decision.ts'
import { OciError } from '../model/errors.ts'

/** What the audit line says about a refusal. */
export type RefusalGrounds = Pick<Decision, 'rule' | 'reason'>

/** A refused request: the answer, and what the audit line says about it. */
export class Refusal extends OciError {
  /** Absent for a bare challenge, which is no operation. */
  readonly decision: RefusalGrounds | undefined

  constructor(
    code: 'UNAUTHORIZED' | 'DENIED' | 'NAME_UNKNOWN' | 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN',
    message: string,
    options: {
      readonly detail?: unknown
      readonly headers?: Readonly<Record<string, string>>
      readonly decision?: RefusalGrounds | undefined
    },
  ) {
    super(code, message, options)
    this.decision = options.decision
  }
}
