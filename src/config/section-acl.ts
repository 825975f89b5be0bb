import { z } from 'zod'

const pattern = z.string().optional()

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

/** One rule; unknown keys beside `match` are ignored with a warning, as docker_auth ignores them. */
export const AclEntrySchema = z.object(
  {
    match: MatchSchema.describe('Conditions, all of which must hold; `{}` always holds.'),
    actions: z
      .array(z.string(), { error: 'is missing; write [] to allow nothing' })
      .describe('Actions that are allowed: `pull`, `push`, `delete`, or `*` alone for all.'),
    comment: z.string().optional().describe('Shown in logs and explanations.'),
  },
  { error: 'this rule is empty; it needs match and actions' },
)

const NO_ACL =
  'no rules are configured, which is probably a mistake; use an empty list, acl: [], to deny everything'

/** docker_auth's `acl`: the first rule that matches decides, and nothing is allowed without one. */
export const AclSchema = z
  .array(AclEntrySchema, { error: NO_ACL })
  .describe('Rules in order; the first that matches decides.')
