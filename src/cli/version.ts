import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Prints the version and the runtime. */
export function version(terminal: Terminal): number {
  terminal.print(`landwaiter ${terminal.version} (node ${process.version})\n`)
  return EXIT.ok
}
