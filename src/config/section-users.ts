import { z } from 'zod'
import { Secret } from '../model/secret.ts'
import type { Labels } from '../model/subject.ts'

/** One entry of `users`; without a password any password is right, with an empty one none is. */
export interface StaticUser {
  readonly password?: Secret
  readonly labels: Labels
}

const UserSchema = z
  .strictObject({
    password: z.string().optional().describe('bcrypt hash; without one any password is accepted.'),
    password_file: z.string().optional().describe('File that holds `password`.'),
    labels: z.record(z.string(), z.array(z.string())).default({}).describe('Label name to a list of values.'),
  })
  .nullable()

const NO_USERS =
  'no users are configured, which is probably a mistake; use an empty mapping, users: {}, to let nobody in'

/** docker_auth's `users` as a map by name; entries without settings match nobody and are left out. */
export const UsersSchema = z
  .record(z.string(), UserSchema, { error: NO_USERS })
  .describe('Users by name; the name `""` is the anonymous user.')
  .transform((entries): ReadonlyMap<string, StaticUser> => {
    const users = new Map<string, StaticUser>()
    for (const [name, entry] of Object.entries(entries)) {
      if (entry === null) continue
      const { password, labels } = entry
      users.set(name, password === undefined ? { labels } : { labels, password: new Secret(password) })
    }
    return users
  })
