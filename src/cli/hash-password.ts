import bcrypt from 'bcryptjs'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** The bcrypt hash of a password from the terminal or standard input, as `users` takes it. `cost` is 4 to 31. */
export async function hashPassword(cost: number, terminal: Terminal): Promise<number> {
  const password = await terminal.readPassword('Password: ')
  const fault = faultOf(password) ?? (await mistyped(password, terminal))
  if (fault !== undefined) {
    terminal.complain(`error: ${fault}\n`)
    return EXIT.failed
  }
  const hash = await bcrypt.hash(password, cost)
  // htpasswd and docker_auth's examples write $2y$; it names the same algorithm as bcryptjs' $2b$.
  terminal.print(`${hash.replace(/^\$2b\$/, '$2y$')}\n`)
  return EXIT.ok
}

function faultOf(password: string): string | undefined {
  if (password === '') return 'the password is empty'
  if (!bcrypt.truncates(password)) return undefined
  return 'bcrypt reads only the first 72 bytes of a password; choose a shorter one'
}

/** What is typed unseen is typed twice. */
async function mistyped(password: string, terminal: Terminal): Promise<string | undefined> {
  if (!terminal.isTyped || (await terminal.readPassword('Again:    ')) === password) return undefined
  return 'the two passwords differ'
}
