import { parseLabels } from '../model/labels.ts'
import type { Labels } from '../model/subject.ts'
import { matchGlob } from '../policy/glob.ts'
import { isInNetwork, parseIpAddress, parseIpNetwork } from '../policy/ip-network.ts'
import { compileRegex } from '../policy/regex.ts'
import { labelMatch } from './label-match.ts'
import { compilePathPattern, type PathVariable, requireRegex } from './path-pattern.ts'

/** A function that a matcher of a Casbin model can call. */
export type CasbinFunction = (...args: readonly unknown[]) => boolean | string

/**
 * The functions of docker_auth's Casbin, as Go has them: the package's own use `RegExp`, which a pattern can hang,
 * and other globs. They throw where Go does, and at labels that are no labels, which match everybody there.
 */
export const CASBIN_FUNCTIONS: Readonly<Record<string, CasbinFunction>> = {
  labelMatch: (have, want) => labelMatch(labelsOf(have), labelsOf(want)),
  ipMatch: (address, network) => ipMatch(textOf(address), textOf(network)),
  globMatch: (text, glob) => matchGlob(textOf(glob), textOf(text)),
  regexMatch: (text, pattern) =>
    requireRegex(compileRegex(textOf(pattern)), textOf(pattern)).test(textOf(text)),
  keyMatch2: pathMatch('colon'),
  keyMatch3: pathMatch('braces'),
  keyMatch4: (path, pattern) => isConsistent(textOf(path), textOf(pattern)),
  keyMatch5: (path, pattern) => matchesPath(textOf(path).replace(/\?.*$/s, ''), textOf(pattern), 'braces'),
  keyGet2: (path, pattern, name) => pathValue(textOf(path), textOf(pattern), textOf(name)),
}

function labelsOf(value: unknown): Labels {
  const text = textOf(value)
  // No text is no demand, as it is in Go.
  const labels = text === '' ? {} : parseLabels(parseJson(text))
  if (labels === undefined) throw new Error(`labelMatch: no labels: ${JSON.stringify(text)}`)
  return labels
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON, and not labels either.
    return text
  }
}

function ipMatch(address: string, network: string): boolean {
  const block = parseIpNetwork(network)
  const ip = parseIpAddress(address)
  if (block === undefined) throw new Error(`ipMatch: neither an address nor a network: ${network}`)
  // An unknown client is in no network; Go's function panics, which docker_auth takes for a no.
  return ip !== undefined && isInNetwork(block, ip)
}

function pathMatch(kind: PathVariable): CasbinFunction {
  return (path, pattern) => matchesPath(textOf(path), textOf(pattern), kind)
}

function matchesPath(path: string, pattern: string, kind: PathVariable): boolean {
  return compilePathPattern(pattern, kind).values(path) !== undefined
}

/** Variables of the same name stand for the same text. */
function isConsistent(path: string, pattern: string): boolean {
  const { variables, values } = compilePathPattern(pattern, 'named-braces')
  const found = values(path)
  if (found === undefined) return false
  const known = new Map<string, string | undefined>()
  return variables.every((variable, index) => {
    const value = found[index]
    const isFirst = !known.has(variable)
    if (isFirst) known.set(variable, value)
    return isFirst || known.get(variable) === value
  })
}

function pathValue(path: string, pattern: string, name: string): string {
  const { variables, values } = compilePathPattern(pattern, 'colon')
  return values(path)?.[variables.indexOf(`:${name}`)] ?? ''
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : String(value)
}
