import { z } from 'zod'
import { always, oneOf } from './schema-kit.ts'

const pattern = z.string().min(1, 'must not be empty')

const SignatureRuleSchema = z
  .strictObject({
    name: pattern.describe('Repositories that the rule is for: a glob, or `/regex/`, as in `acl`.'),
    tags: z
      .array(pattern)
      .min(1, 'must not be empty; leave it out for all tags')
      .optional()
      .describe('Only pulls by these tags. What is pulled by digest is then not checked.'),
    key_file: z
      .string()
      .min(1, 'must not be empty')
      .optional()
      .describe('PEM file with one or more public keys, such as `cosign.pub`.'),
    keys: z.array(z.string()).default([]).describe('Public keys as PEM texts.'),
    mode: oneOf(['enforce', 'warn'])
      .default('enforce')
      .describe('`enforce`: unsigned images are refused; `warn`: they are sent with a `Warning` header.'),
    signers: z
      .array(z.string())
      .default([])
      .describe('Accounts that the rule is not for, patterns: whoever signs must pull the image before.'),
  })
  .refine(({ key_file, keys }) => key_file !== undefined || keys.length > 0, {
    error: 'this rule needs key_file or keys',
    ...always,
  })
  .transform(({ key_file, tags, ...rule }) => ({
    ...rule,
    ...(key_file === undefined ? {} : { key_file }),
    ...(tags === undefined ? {} : { tags }),
  }))

/** Images that are only sent when they are signed: the first rule for a pull decides. */
export const RequireSignatureSchema = z
  .array(SignatureRuleSchema)
  .default([])
  .describe("Repositories whose images must carry a cosign signature by one of the rule's keys.")
