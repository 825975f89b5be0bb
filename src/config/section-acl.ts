import { z } from 'zod'
import { always, oneOf } from './schema-kit.ts'
import { getIn, isTree } from './tree.ts'

const pattern = z.string().optional()
const patterns = z.array(z.string()).optional()

const MatchSchema = z.strictObject(
  {
    account: pattern.describe('User name: a glob, or `/regex/`.'),
    type: pattern.describe('Resource type: `repository`, `registry`.'),
    name: pattern.describe(`Repository name; \`\${account}\` and \`\${labels:NAME}\` are replaced.`),
    service: pattern.describe('Service that the token is for.'),
    ip: pattern.describe('Client address or network.'),
    labels: z.record(z.string(), z.string()).optional().describe('Label name to a pattern for its values.'),
  },
  { error: 'is missing; write {} to match every request' },
)

const TIMES = 'Dates and hours without a time zone are UTC.'

/** One rule; unknown keys beside `match` are ignored with a warning, as docker_auth ignores them. */
export const AclEntrySchema = z
  .object(
    {
      match: MatchSchema.describe('Conditions, all of which must hold; `{}` always holds.'),
      actions: z
        .array(z.string())
        .optional()
        .describe(
          'Actions that are allowed: `pull`, `push`, `delete`, `overwrite`, `list`, `mount`, or `*` alone for all. Required without `roles`, unless the rule denies.',
        ),
      comment: z.string().optional().describe('Shown in logs and explanations.'),
      name: z.string().optional().describe('Name of the rule in decisions and in the audit log.'),
      tags: patterns.describe('Tags that the rule applies to: globs, or `/regex/`; one must match.'),
      effect: oneOf(['allow', 'deny'])
        .optional()
        .describe(
          '`deny` takes the actions of the rule away, all when it lists none; others are decided by later rules. Without it a rule allows.',
        ),
      until: z
        .string()
        .optional()
        .describe(`Last day of the rule, \`2027-01-31\`, or the moment of its end, RFC 3339. ${TIMES}`),
      hours: z
        .string()
        .optional()
        .describe(`Hours in which the rule applies: \`mon-fri 08:00-18:00 Europe/Berlin\`. ${TIMES}`),
      clients: patterns.describe(
        'User agents that the rule applies to: globs, or `/regex/`; one must match.',
      ),
      roles: z
        .array(oneOf(['reader', 'writer', 'admin']))
        .optional()
        .describe(
          'Actions by name: `reader` is pull and list; `writer` also push, overwrite and mount; `admin` is all.',
        ),
    },
    { error: 'this rule is empty; it needs match and actions' },
  )
  .refine(hasActions, { error: 'is missing; write [] to allow nothing', path: ['actions'], ...always })

/** Runs beside the other checks of a rule, so the value may be of any kind. */
function hasActions(entry: unknown): boolean {
  const given = (key: string) => getIn(entry, [key]) !== undefined
  const mayDeny = given('effect') && getIn(entry, ['effect']) !== 'allow'
  return !isTree(entry) || given('actions') || given('roles') || mayDeny
}

/** `acl_compat`: what of docker_auth's own reading of the rules is wanted though it is not safe. */
export const AclCompatSchema = oneOf(['docker_auth_1'])
  .optional()
  .describe(
    '`docker_auth_1` inserts names and labels that come from outside the file into patterns as they are, so that `*` in one is a wildcard. By default they are plain text.',
  )

const NO_ACL =
  'no rules are configured, which is probably a mistake; use an empty list, acl: [], to deny everything'

/** docker_auth's `acl`: the first rule that matches decides, and nothing is allowed without one. */
export const AclSchema = z
  .array(AclEntrySchema, { error: NO_ACL })
  .describe('Rules in order; the first that matches decides.')
