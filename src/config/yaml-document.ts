import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseAllDocuments,
  visit,
  type YAMLError,
} from 'yaml'
import type { Fault } from './fault.ts'

/** The first document of a YAML text; `root` is null when it is empty. */
export interface YamlDocument {
  readonly root: Node | null
  /** Syntax errors and warnings, one per line of the text. */
  readonly faults: readonly Fault[]
  /** The node that an alias stands for; undefined when no such anchor precedes it. */
  resolve(alias: Alias): Node | undefined
  /** Line and column, counted from 1, of an offset. */
  position(offset: number): { readonly line: number; readonly column: number }
}

/**
 * The document as docker_auth's reader takes it: YAML 1.1, later documents ignored, duplicate keys allowed,
 * a byte order mark skipped. Never throws: syntax errors are `faults`.
 */
export function parseYaml(text: string): YamlDocument {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text
  const lineCounter = new LineCounter()
  const stream = parseAllDocuments(source, {
    version: '1.1',
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
    logLevel: 'silent',
  })
  const document: Document.Parsed | undefined = 'empty' in stream ? undefined : stream[0]
  const position = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  return {
    root: contentsOf(document),
    faults: document === undefined ? [] : syntaxFaults(document, source, position),
    resolve: resolverOf(document),
    position,
  }
}

/** One walk for all aliases: the library's own `resolve` walks the document for each. */
function resolverOf(document: Document.Parsed | undefined): YamlDocument['resolve'] {
  const anchored = new Map<string, Node[]>()
  visit(document ?? null, {
    Value(_key, node) {
      if (node.anchor === undefined) return
      const sameName = anchored.get(node.anchor)
      if (sameName === undefined) anchored.set(node.anchor, [node])
      else sameName.push(node)
    },
  })
  const before = (offset: number) => (node: Node) => (node.range?.[0] ?? 0) < offset
  return alias => anchored.get(alias.source)?.findLast(before(alias.range?.[0] ?? 0))
}

function contentsOf(document: Document.Parsed | undefined): ParsedNode | null {
  const root = document?.contents ?? null
  return isMap(root) || isSeq(root) || isAlias(root) || (isScalar(root) && root.source !== '') ? root : null
}

function syntaxFaults(
  document: Document.Parsed,
  source: string,
  position: YamlDocument['position'],
): readonly Fault[] {
  const byLine = new Map<number, Fault>()
  for (const problem of [...document.errors, ...document.warnings]) {
    const offset = problem.pos[0]
    const { line } = position(offset)
    if (!byLine.has(line)) byLine.set(line, toFault(problem, source))
  }
  return [...byLine.values()]
}

function toFault(problem: YAMLError, source: string): Fault {
  const offset = problem.pos[0]
  const hint = hintFor(problem, lineAt(source, offset))
  const fault: Fault = {
    severity: problem.name === 'YAMLWarning' ? 'warning' : 'error',
    path: [],
    message: problem.message,
    offset,
  }
  return hint === undefined ? fault : { ...fault, hint }
}

function lineAt(source: string, offset: number): string {
  const start = source.lastIndexOf('\n', offset - 1) + 1
  const end = source.indexOf('\n', start)
  return source.slice(start, end === -1 ? undefined : end)
}

/** The traps that docker_auth's users meet, each with its cure. */
function hintFor(problem: YAMLError, line: string): string | undefined {
  switch (problem.code) {
    case 'BAD_ALIAS':
      return 'quote a text that begins with *: "*"'
    case 'BAD_DQ_ESCAPE':
      return 'put the text in single quotes, where a backslash is a backslash'
    case 'BAD_INDENT':
      return /Flow/.test(problem.message)
        ? 'indent each line inside { } or [ ] further than its key'
        : undefined
    case 'TAB_AS_INDENT':
      return 'indent with spaces'
    default:
      return /\{.*\$\{/.test(line) ? `quote a value that holds \${…} inside { }` : undefined
  }
}
