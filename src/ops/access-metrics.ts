import { AUDIT_OUTCOMES, REGISTRY_ACTIONS, REGISTRY_KINDS } from '../model/audit-event.ts'
import { CALL_BUCKETS, type Families } from './metric-families.ts'
import { ACCESS_ACTIONS, AUTHN_OUTCOMES, createNameLabel, GRANTS, NAMES_MAX, oneOf } from './metric-labels.ts'

/** Counts of logins, decisions, tokens and registry operations. */
export interface AccessMetrics {
  /** The fields of an audit event with these names. */
  countOperation(event: { readonly action: string; readonly kind: string; readonly outcome: string }): void
  observeAuthn(attempt: {
    readonly backend: string
    readonly outcome: string
    readonly seconds: number
  }): void
  countDecision(decision: { readonly decision: 'granted' | 'denied'; readonly action: string }): void
  countToken(grant: string): void
}

/** Metrics of access control. */
export function accessMetrics(families: Families): AccessMetrics {
  const operations = families.counter({
    name: 'registry_operations_total',
    help: 'Registry operations as in the audit log.',
    labels: ['action', 'kind', 'outcome'],
  })
  const attempts = families.counter({
    name: 'authn_attempts_total',
    help: 'Checks of a name and a password.',
    labels: ['backend', 'outcome'],
  })
  const duration = families.histogram({
    name: 'authn_duration_seconds',
    help: 'Time of one check of a name and a password.',
    labels: ['backend'],
    buckets: CALL_BUCKETS,
  })
  const decisions = families.counter({
    name: 'authz_decisions_total',
    help: 'Requested actions by the decision of the policy.',
    labels: ['decision', 'action'],
  })
  const tokens = families.counter({
    name: 'tokens_issued_total',
    help: 'Tokens issued to clients.',
    labels: ['grant'],
  })
  const backendLabel = createNameLabel(NAMES_MAX)
  return {
    countOperation: ({ action, kind, outcome }) =>
      operations([
        oneOf(REGISTRY_ACTIONS, action),
        oneOf(REGISTRY_KINDS, kind),
        oneOf(AUDIT_OUTCOMES, outcome),
      ]),
    observeAuthn({ backend, outcome, seconds }) {
      attempts([backendLabel(backend), oneOf(AUTHN_OUTCOMES, outcome)])
      duration([backendLabel(backend)], seconds)
    },
    countDecision: ({ decision, action }) => decisions([decision, oneOf(ACCESS_ACTIONS, action)]),
    countToken: grant => tokens([oneOf(GRANTS, grant)]),
  }
}
