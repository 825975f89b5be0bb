export interface WrapOptions {
  /** Of every line but the first, which begins there already. */
  readonly indent: number
  /** Width of the terminal; without one nothing is wrapped. */
  readonly columns?: number | undefined
}

const LEAST_WIDTH = 20

/** A text broken at spaces to fit a terminal; words longer than a line are left whole, so that URLs can be copied. */
export function wrapText(text: string, { indent, columns }: WrapOptions): string {
  if (columns === undefined) return text
  const width = Math.max(columns - indent, LEAST_WIDTH)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length > width && line !== '') {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}
