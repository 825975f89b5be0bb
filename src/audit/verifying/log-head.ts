import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { isMissing } from '../../model/is-missing.ts'
import { type AuditHead, parseAuditHead } from '../audit-head.ts'
import { headText } from '../signed-texts.ts'
import type { CheckpointKeys } from './checkpoint-keys.ts'
import type { OpenFault } from './fault-list.ts'

/** How far the log went at least, as the server notes it apart from the log. */
export interface LogHead {
  readonly seq: number
  /** RFC 3339. */
  readonly time: string
  /** Of line `seq`; absent without a chain, and when the signature is not right. */
  readonly hash: string | undefined
  /** Whether it has hash and signature, right or not: with a chain it must. */
  readonly isSigned: boolean
}

/** The head, as far as it can be relied on, and what is wrong with it. */
export interface FoundHead {
  readonly head: LogHead | undefined
  readonly fault?: OpenFault
  readonly warning?: string
  /** There is no head file, or nothing in it. */
  readonly isHeadMissing?: true
}

/** The server may be writing it just now. */
const TRIES = 3
const PAUSE_MS = 50

/**
 * Reads the head file. One that is not there or empty is a warning: the server writes it with its first line. With
 * `keys` its signature must be right. @throws the error of the file system.
 */
export async function readLogHead(file: string, keys: CheckpointKeys | undefined): Promise<FoundHead> {
  let found = judgeHead(file, await readIfThere(file), keys)
  for (let tried = 1; tried < TRIES && found.fault !== undefined; tried += 1) {
    await pause(PAUSE_MS)
    found = judgeHead(file, await readIfThere(file), keys)
  }
  return found
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}

function judgeHead(file: string, text: string, keys: CheckpointKeys | undefined): FoundHead {
  if (text.trim() === '') {
    return {
      head: undefined,
      isHeadMissing: true,
      warning: `there is no head file ${file}: lines cut off the end of the log are not seen`,
    }
  }
  const parsed = parseAuditHead(text)
  if (parsed === undefined) return { head: undefined, fault: headFault(file, 'is damaged') }
  const waiting = waitingOf(parsed)
  const { node, seq, time, hash, key, signature } = parsed
  const unproven = { seq, time, hash: undefined, isSigned: hash !== undefined }
  if (hash === undefined) return { head: unproven, ...waiting }
  if (keys === undefined) return { head: { ...unproven, hash }, ...waiting }
  const signed = { text: headText({ node, seq, hash }), id: key ?? '', signature: signature ?? '' }
  switch (keys.check(signed)) {
    case 'right':
      return { head: { ...unproven, hash }, ...waiting }
    case 'wrong':
      return { head: unproven, fault: headFault(file, `is not signed by key ${key}: it was changed`) }
    case 'unknown':
      return {
        head: unproven,
        fault: headFault(
          file,
          `is signed by key ${key}, which is not known; name its public half with --key FILE`,
        ),
      }
  }
}

/** During an outage the log is whole as far as it goes, but not all of it is there. */
function waitingOf({ waiting, time }: AuditHead): Pick<FoundHead, 'warning'> {
  if (waiting === 0) return {}
  return { warning: `at ${time} ${waiting} lines waited in memory, since the log could not be written` }
}

function headFault(file: string, says: string): OpenFault {
  return { kind: 'head', spot: {}, says: `cannot be held against its head: ${file} ${says}` }
}
