type Environment = Readonly<Record<string, string | undefined>>

/** What programs need to run at all; everything else in our environment may be a secret. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']

/** The variables that a program sees: a few harmless ones, and those that the configuration names. */
export function programEnvironment(env: Environment, names: readonly string[]): Environment {
  const passedOn = new Set([...PASSED_ON, ...names])
  return Object.fromEntries(Object.entries(env).filter(([name]) => passedOn.has(name)))
}
