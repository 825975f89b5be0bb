import type { Guards } from '../policy/guards.ts'
import { compilePolicy, type Policy } from '../policy/policy.ts'
import { adviceOn } from './advice.ts'
import { checkGuards } from './check-guards.ts'
import type { Fault } from './fault.ts'
import { type Config, ConfigSchema, FileSchema } from './schema.ts'
import { AclEntrySchema } from './section-acl.ts'
import { getIn, type Tree } from './tree.ts'
import { zodFaults } from './zod-faults.ts'

/** What schema and policy say about a tree of values; `usable` is there unless they found an error. */
export interface Checked {
  readonly usable?: { readonly config: Config; readonly policy: Policy; readonly guards: Guards }
  readonly faults: readonly Fault[]
}

/** Checks every section and every rule, so that one bad key does not hide the next. */
export function checkTree(tree: Tree): Checked {
  const parsed = ConfigSchema.safeParse(tree, { reportInput: true })
  const { policy, faults: aclFaults } = checkPolicy(tree)
  const { guards, faults: guardFaults } = checkGuards(tree)
  const policyFaults = [...aclFaults, ...guardFaults]
  if (!parsed.success) return { faults: [...zodFaults(parsed.error.issues), ...policyFaults] }
  const faults = [...policyFaults, ...adviceOn(FileSchema.parse(tree), policy)]
  if (policyFaults.some(({ severity }) => severity === 'error')) return { faults }
  return { usable: { config: parsed.data, policy, guards }, faults }
}

/** Compiles the rules, of a faulty one its conditions alone; the index in an issue is that of the file. */
function checkPolicy({ acl, acl_compat }: Tree): {
  readonly policy: Policy
  readonly faults: readonly Fault[]
} {
  const rules = (Array.isArray(acl) ? acl : []).flatMap((entry: unknown, index) => {
    const parsed = AclEntrySchema.safeParse(entry)
    if (parsed.success) return [{ index, entry: parsed.data }]
    const match = AclEntrySchema.shape.match.safeParse(getIn(entry, ['match']))
    return match.success ? [{ index, entry: { match: match.data, actions: [] } }] : []
  })
  const { policy, issues } = compilePolicy(
    rules.map(({ entry }) => entry),
    acl_compat === 'docker_auth_1' ? { compat: 'docker_auth_1' } : {},
  )
  const faults = issues.map(({ path: [at, ...rest], ...issue }): Fault => {
    const rule = typeof at === 'number' ? rules[at] : undefined
    return { ...issue, path: ['acl', ...(rule === undefined ? [] : [rule.index]), ...rest] }
  })
  return { policy, faults }
}
