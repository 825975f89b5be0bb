import { join } from 'node:path'
import { runCommand } from '../../support/run-command.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** Makes `dist/`, which production runs. */
export async function buildProgram(): Promise<void> {
  const { code, stdout, stderr } = await runCommand('npm', ['run', '-s', 'build'], { cwd: ROOT })
  if (code !== 0) throw new Error(`npm run build: ${stdout}${stderr}`)
}
