import bcrypt from 'bcryptjs'

/** Compares a password in a loop, as a process of its own: `HASH PASSWORD SECONDS`; prints comparisons per second. */

const [hash = '', password = '', seconds = '1'] = process.argv.slice(2)
const start = performance.now()
let count = 0
do {
  if (!bcrypt.compareSync(password, hash)) throw new Error('the password is not the one of the hash')
  count += 1
} while (performance.now() - start < Number(seconds) * 1_000)
process.stdout.write(`${(count * 1_000) / (performance.now() - start)}\n`)
