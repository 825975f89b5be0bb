import type { Scalar } from 'yaml'

/** A scalar as it stands in the file; `plain` is false when quotes or a block style make it text. */
export interface ScalarText {
  readonly text: string
  readonly plain: boolean
}

const TAG = 'tag:yaml.org,2002:'
const TYPED_TAGS = new Set([`${TAG}int`, `${TAG}float`, `${TAG}bool`, `${TAG}null`, `${TAG}timestamp`])
const NULLS = new Set(['', '~', 'null', 'Null', 'NULL'])
const TRUES = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'])
const FALSES = new Set(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'])

/**
 * The source text of a scalar, as docker_auth's YAML reader puts it into a string: `0123`, `yes` and
 * `2001-01-01` stay as written. An explicit type tag makes a quoted scalar plain, `!!str` a plain one text.
 */
export function scalarText(scalar: Scalar): ScalarText {
  if (scalar.value instanceof Uint8Array) {
    return { text: Buffer.from(scalar.value).toString('utf8'), plain: false }
  }
  const text = scalar.source ?? String(scalar.value ?? '')
  if (scalar.tag === `${TAG}str`) return { text, plain: false }
  const plain = scalar.type === 'PLAIN' || (scalar.tag !== undefined && TYPED_TAGS.has(scalar.tag))
  return { text, plain }
}

/** Whether a plain scalar is one of the words for "no value". Spec: YAML 1.1 type null. */
export function isNullText({ text, plain }: ScalarText): boolean {
  return plain && NULLS.has(text)
}

/** The value of a YAML 1.1 boolean word (`yes`, `Off`, `true`, …); undefined for anything else. */
export function booleanOf({ text, plain }: ScalarText): boolean | undefined {
  if (!plain) return undefined
  if (TRUES.has(text)) return true
  return FALSES.has(text) ? false : undefined
}

const GO_INTEGER = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/
const YAML_FLOAT = /^[+-]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][+-]?[0-9]+)?$/

/**
 * The integer that docker_auth reads from a plain scalar: Go's literals with any base and underscores
 * (`0x10`, `0700` octal, `1_000`), and floats cut to their whole part (`9e2`, `900.7`); undefined otherwise.
 */
export function integerOf({ text, plain }: ScalarText): number | undefined {
  if (!plain || text.startsWith('_')) return undefined
  const digits = text.replaceAll('_', '')
  const literal = GO_INTEGER.exec(digits)
  if (literal !== null) return safe((literal[1] === '-' ? -1 : 1) * magnitude(literal[2] ?? ''))
  return YAML_FLOAT.test(digits) ? safe(Math.trunc(Number(digits))) : undefined
}

function magnitude(literal: string): number {
  const isOldOctal = /^0[0-7]+$/.test(literal)
  return Number(isOldOctal ? `0o${literal.slice(1)}` : literal)
}

function safe(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value + 0 : undefined
}
