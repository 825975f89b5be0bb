import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'

/** What a person types after the question, one line; `''` at the end of the input. */
export async function readAnswer(
  question: string,
  { input, output }: { readonly input: Readable; readonly output: Writable },
): Promise<string> {
  output.write(question)
  const lines = createInterface({ input })
  for await (const line of lines) {
    lines.close()
    return line
  }
  output.write('\n')
  return ''
}
