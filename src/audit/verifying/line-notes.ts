import { checkpointText } from '../signed-texts.ts'
import type { CheckpointKeys } from './checkpoint-keys.ts'
import { describeSpot, type FaultList, type OpenFault, spotOf } from './fault-list.ts'
import { type LogLine, timeOf } from './log-line.ts'
import type { DeclaredGap, KeyUse, LineMark, Verification } from './verification.ts'

/** Of gaps, warnings and nodes, that many are kept. */
const KEPT = 20
/** Names that logrotate changes with each rotation. */
const NUMBERED = /\.\d+(\.gz)?$/

export interface NotesOptions {
  readonly faults: FaultList
  /** `undefined` when signatures are not looked at. */
  readonly keys: CheckpointKeys | undefined
}

/** What the lines that stand where they belong tell. */
export interface LineNotes {
  /** The file that is read now. */
  enter(file: string): void
  note(line: LogLine, before: LogLine | undefined): void
  result(): Notes
}

export interface Notes
  extends Pick<
    Verification,
    'nodes' | 'checkpoints' | 'unsigned' | 'gaps' | 'gapCount' | 'lostLines' | 'prunedTo' | 'warnings'
  > {
  readonly first: LogLine | undefined
}

interface State extends NotesOptions {
  first: LogLine | undefined
  readonly nodes: Set<string>
  readonly uses: Map<string, KeyUse>
  readonly unknown: Map<string, { readonly fault: OpenFault; count: number }>
  unsigned: number
  readonly gaps: DeclaredGap[]
  gapCount: number
  lostLines: number
  prunedTo: number | undefined
  readonly warnings: string[]
  isAnyChained: boolean
  unchained: { readonly from: LogLine; to: LogLine } | undefined
  file: string | undefined
  readonly filesBefore: Map<string, string | undefined>
}

export function createLineNotes(options: NotesOptions): LineNotes {
  const state: State = {
    ...options,
    first: undefined,
    nodes: new Set(),
    uses: new Map(),
    unknown: new Map(),
    unsigned: 0,
    gaps: [],
    gapCount: 0,
    lostLines: 0,
    prunedTo: undefined,
    warnings: [],
    isAnyChained: false,
    unchained: undefined,
    file: undefined,
    filesBefore: new Map(),
  }
  return {
    enter: file => {
      if (file === state.file) return
      state.filesBefore.set(file, state.file)
      state.file = file
    },
    note: (line, before) => note(state, line, before),
    result: () => {
      endUnchained(state)
      const { first, nodes, uses, unsigned, gaps, gapCount, lostLines, prunedTo, warnings } = state
      const checkpoints = [...uses.values()]
      return {
        first,
        nodes: [...nodes],
        checkpoints,
        unsigned,
        gaps,
        gapCount,
        lostLines,
        prunedTo,
        warnings,
      }
    },
  }
}

function note(state: State, line: LogLine, before: LogLine | undefined): void {
  state.unsigned += 1
  if (before === undefined || before.node !== line.node) noteNode(state, line, before)
  if (line.prev === undefined) {
    if (state.unchained === undefined) state.unchained = { from: line, to: line }
    else state.unchained.to = line
  } else if (state.unchained !== undefined || !state.isAnyChained) {
    endUnchained(state)
    state.isAnyChained = true
  }
  if (line.action.startsWith('audit.')) noteOwn(state, line)
}

function noteNode(state: State, line: LogLine, before: LogLine | undefined): void {
  const node = textOf(line.node)
  if (before === undefined) state.first = line
  else
    warn(
      state,
      `${describeSpot(spotOf(line))}: from here on the node is ${node}, before it was ${textOf(before.node)}`,
    )
  if (state.nodes.size < KEPT) state.nodes.add(node)
}

/** The text of a name as it is written in JSON. */
function textOf(node: string): string {
  return String(JSON.parse(`"${Buffer.from(node, 'latin1').toString('utf8')}"`))
}

function warn({ warnings }: State, text: string): void {
  if (warnings.length < KEPT) warnings.push(text)
}

function endUnchained(state: State): void {
  const { unchained } = state
  if (unchained === undefined) return
  const { from, to } = unchained
  state.unchained = undefined
  if (from === to && state.faults.has(spotOf(from))) return
  const which =
    from === to ? `${describeSpot(spotOf(from))} is` : `the lines from seq ${from.seq} to ${to.seq} are`
  warn(state, `${which} not chained: changes there are not seen`)
}

function noteOwn(state: State, line: LogLine): void {
  const { action, record } = line
  if (action === 'audit.checkpoint') noteCheckpoint(state, line)
  if (action === 'audit.gap') noteGap(state, line)
  if (action === 'audit.prune') state.prunedTo = Math.max(state.prunedTo ?? 0, record?.to_seq ?? 0)
  if (action === 'audit.rotate') noteRotation(state, line)
}

function noteGap(state: State, line: LogLine): void {
  const count = line.record?.count ?? line.seq - line.from
  state.gapCount += 1
  state.lostLines += count
  if (state.gaps.length < KEPT) state.gaps.push({ ...spotOf(line), count, reason: line.record?.reason })
}

function noteRotation({ faults, filesBefore }: State, line: LogLine): void {
  const named = line.record?.file
  const actual = filesBefore.get(line.place.file)
  if (named === undefined || actual === undefined || line.place.line !== 1) return
  if (plainName(actual) === plainName(named) || NUMBERED.test(actual) || NUMBERED.test(named)) return
  faults.add({
    kind: 'file-name',
    spot: spotOf(line),
    says: `names ${named} as the file before it, but that is ${actual}: a file was renamed or replaced`,
  })
}

function plainName(file: string): string {
  return file.endsWith('.gz') ? file.slice(0, -'.gz'.length) : file
}

function noteCheckpoint(state: State, line: LogLine): void {
  const { keys, faults } = state
  const { node, seq, prev, key: id, signature } = line.record ?? {}
  if (node === undefined || seq === undefined) return
  if (prev === undefined || id === undefined || signature === undefined) {
    faults.add({
      kind: 'signature',
      spot: spotOf(line),
      says: 'is a checkpoint without its prev, key or signature',
    })
    return
  }
  const outcome = keys?.check({ text: checkpointText({ node, seq, prev }), id, signature }) ?? 'right'
  if (outcome === 'unknown') noteUnknown(state, line, id)
  else if (outcome === 'wrong') {
    const says = `is no checkpoint of key ${id}: the signature is of another place in the log, or forged`
    faults.add({ kind: 'signature', spot: spotOf(line), says })
  } else {
    state.unsigned = 0
    const last: LineMark = { seq, time: timeOf(line) }
    state.uses.set(id, { key: id, checkpoints: (state.uses.get(id)?.checkpoints ?? 0) + 1, last })
  }
}

/** One fault for each key, however many lines it signed. */
function noteUnknown({ faults, unknown }: State, line: LogLine, id: string): void {
  const found = unknown.get(id)
  if (found !== undefined) {
    found.count += 1
    found.fault.says = `${unknownKey(id)} (so are ${found.count - 1} later ones)`
    return
  }
  const fault: OpenFault = { kind: 'unknown-key', spot: spotOf(line), says: unknownKey(id) }
  if (unknown.size < KEPT) unknown.set(id, { fault, count: 1 })
  faults.add(fault)
}

function unknownKey(id: string): string {
  return `is signed by key ${id}, which is not known; name its public half with --key FILE`
}
