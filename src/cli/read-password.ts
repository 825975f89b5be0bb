import { createInterface } from 'node:readline/promises'
import { type Readable, Writable } from 'node:stream'

/** The first line of `input`; typed on a terminal, it is not echoed. `''` at the end of the input. */
export async function readPassword(
  prompt: string,
  { input, output }: { readonly input: Readable & { readonly isTTY?: boolean }; readonly output: Writable },
): Promise<string> {
  const isTyped = input.isTTY === true
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  // Before the prompt, since it is what turns the echo off.
  const lines = createInterface({ input, output: silent, terminal: isTyped })
  if (isTyped) output.write(prompt)
  for await (const line of lines) {
    if (isTyped) output.write('\n')
    lines.close()
    return line
  }
  return ''
}
