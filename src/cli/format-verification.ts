import type { DeclaredGap, KeyUse, LineMark, Verification } from '../audit/verifying/verification.ts'
import { escapeControls } from '../ops/escape-controls.ts'
import { countOf, formatCount } from './format-amount.ts'

const LABEL_CHARS = 13

/** What was found, for a person: the log, what is to be known about it, what is wrong, and the verdict. */
export function formatVerification(
  found: Verification,
  { file, isWhole }: { readonly file: string; readonly isWhole: boolean },
): string {
  const rows = [
    row('log', file),
    row('files', formatCount(found.files)),
    row('lines', linesOf(found)),
    ...(found.nodes.length === 0 ? [] : [row('node', found.nodes.join(', '))]),
    ...checkpointsOf(found).map((text, at) => row(at === 0 ? 'checkpoints' : '', text)),
    ...(found.head === undefined ? [] : [row('head', markOf(found.head))]),
    ...(found.prunedTo === undefined ? [] : [row('pruned', `the lines up to seq ${found.prunedTo}`)]),
    ...gapsOf(found).map((text, at) => row(at === 0 ? 'gaps' : '', text)),
    ...found.warnings.map(text => `warning: ${escapeControls(text)}\n`),
    ...found.faults.map(({ text }) => `fault: ${escapeControls(text)}\n`),
  ]
  return `${rows.join('')}${verdictOf(found, isWhole)}\n`
}

function row(label: string, text: string): string {
  return `${label.padEnd(LABEL_CHARS)}${escapeControls(text)}\n`
}

function linesOf({ lines, first, last }: Verification): string {
  if (first === undefined || last === undefined) return formatCount(lines)
  return `${formatCount(lines)}, seq ${first.seq} to ${last.seq}, ${first.time} to ${last.time}`
}

function markOf({ seq, time }: LineMark): string {
  return `seq ${seq}, ${time}`
}

function checkpointsOf({ checkpoints, unsigned }: Verification): readonly string[] {
  if (checkpoints.length === 0) return []
  const behind = unsigned === 0 ? [] : [`${countOf(unsigned, 'line')} behind the last one`]
  return [...checkpoints.map(useOf), ...behind]
}

function useOf({ key, checkpoints, last }: KeyUse): string {
  return `${formatCount(checkpoints)} by key ${key}, the last at ${markOf(last)}`
}

function gapsOf({ gaps, gapCount, lostLines }: Verification): readonly string[] {
  if (gapCount === 0) return []
  const more = gapCount - gaps.length
  return [
    `${formatCount(gapCount)}, ${countOf(lostLines, 'line')} lost`,
    ...gaps.map(gapOf),
    ...(more > 0 ? [`and ${formatCount(more)} more`] : []),
  ]
}

function gapOf({ seq, time, count, reason }: DeclaredGap): string {
  return `${countOf(count, 'line')} in front of seq ${seq}, ${time}${reason === undefined ? '' : `: ${reason}`}`
}

function verdictOf({ faultCount, faults, warnings }: Verification, isWhole: boolean): string {
  if (isWhole) return 'The log is whole.'
  if (faultCount === 0) return `The log is not proven to be whole: ${countOf(warnings.length, 'warning')}.`
  const shown = faultCount > faults.length ? `, ${faults.length} of them shown` : ''
  return `The log is not whole: ${countOf(faultCount, 'fault')}${shown}.`
}
