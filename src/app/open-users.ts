import type { PasswordWorkers } from '../authn/password-workers.ts'
import { createStaticUsers, type StaticUsers } from '../authn/static-users.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../model/ports.ts'

/** The users of one configuration; the logins that it remembers go with it. */
export function openUsers(
  { users }: Config,
  effects: { readonly workers: PasswordWorkers; readonly clock: Clock },
): StaticUsers {
  return createStaticUsers({ users, ...effects })
}
