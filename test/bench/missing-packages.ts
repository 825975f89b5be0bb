import { runCommand } from '../support/run-command.ts'

/**
 * What to do when programs are not on the PATH, given as `program: Debian package`, and then the bench ends with exit
 * code 1; `undefined` when all are there.
 */
export async function missingPackages(
  programs: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const missing: string[] = []
  for (const [program, debianPackage] of Object.entries(programs)) {
    const { code } = await runCommand('sh', ['-c', 'command -v "$1"', 'sh', program])
    if (code !== 0) missing.push(debianPackage)
  }
  if (missing.length === 0) return undefined
  process.exitCode = 1
  return `this needs more programs: apt-get install ${missing.join(' ')}\n`
}
