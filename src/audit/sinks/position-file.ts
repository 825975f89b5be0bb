import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../../model/errors.ts'
import { isMissing } from '../../model/is-missing.ts'
import { messageOf } from '../../model/message-of.ts'

const DIRECTORY_MODE = 0o750
const FILE_MODE = 0o600

/** The number of the last line that a sink's receiver has, kept in a file. */
export interface PositionFile {
  /** `undefined` for a new sink. @throws PositionUnusable */
  load(): Promise<number | undefined>
  /** @throws PositionUnusable; what was there before stays. */
  save(seq: number): Promise<void>
}

/** The position of a sink can be neither read nor kept. */
class PositionUnusable extends AppError {
  readonly code = 'POSITION_UNUSABLE'
}

/** The position of the sink `name`, `directory` is made with it. */
export function createPositionFile(directory: string, name: string): PositionFile {
  const file = join(directory, `${name}.json`)
  return {
    load: async () => {
      const text = await readFile(file, 'utf8').catch((cause: unknown) => {
        if (isMissing(cause)) return undefined
        throw unusable(cause)
      })
      return text === undefined ? undefined : parse(file, text)
    },
    save: async seq => {
      try {
        await mkdir(dirname(file), { recursive: true, mode: DIRECTORY_MODE })
        await writeFile(`${file}.part`, `${JSON.stringify({ seq })}\n`, { mode: FILE_MODE, flush: true })
        await rename(`${file}.part`, file)
      } catch (cause) {
        throw unusable(cause)
      }
    },
  }
}

function parse(file: string, text: string): number {
  try {
    const { seq } = JSON.parse(text) as { readonly seq?: unknown }
    if (typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0) return seq
  } catch {
    // Said below.
  }
  throw new PositionUnusable(
    `${file} holds no position; write {"seq": N} to it, the last line that the receiver has, or remove it`,
  )
}

function unusable(cause: unknown): PositionUnusable {
  return new PositionUnusable(`the position of an audit sink cannot be kept: ${messageOf(cause)}`, { cause })
}
