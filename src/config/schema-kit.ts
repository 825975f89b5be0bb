import { z } from 'zod'

/** What a text means, or why it means nothing. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string; readonly hint?: string }

/** A text with a meaning of its own; `parse` must not throw. `wanted` is said about what is no text. */
export function parsedText<T>(parse: (text: string) => Parsed<T>, wanted?: string) {
  return z.string(wanted).transform((text, context): T => {
    const result = parse(text)
    if ('value' in result) return result.value
    context.addIssue({ code: 'custom', message: result.fault, params: { hint: result.hint }, input: text })
    return z.NEVER
  })
}

/** One of several words; `refused` maps words that other programs know to what to say about them. */
export function oneOf<const Words extends readonly string[]>(
  words: Words,
  refused: Readonly<Record<string, string>> = {},
) {
  return z.enum(words, {
    error: ({ input }) => {
      const reason = typeof input === 'string' && Object.hasOwn(refused, input) ? refused[input] : undefined
      return reason ?? `must be ${listOf(words)}`
    },
  })
}

/** Text that counts as not given when it is empty, as everywhere in docker_auth. */
export function optionalText() {
  return z
    .string()
    .transform(text => (text === '' ? undefined : text))
    .optional()
}

/** A period in Go's notation, `30s` or `1h30m`, in milliseconds. */
export function duration() {
  return parsedText(parseDuration)
}

/** A number of bytes, `64MiB` or `2GB`; a bare number is bytes. */
export function byteSize() {
  return z
    .union([z.number().int().nonnegative().transform(String), z.string()], 'must be a size such as 64MiB')
    .pipe(parsedText(parseByteSize))
}

/** For cross-checks of an object: report beside the errors of its members, not only after them. */
export const always = { when: () => true } as const

/** `a`, `a or b`, `a, b or c`. */
export function listOf(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g

function parseDuration(text: string): Parsed<number> {
  if (text === '0') return { value: 0 }
  const rest = text.replaceAll(PART, '')
  if (text === '' || rest !== '') {
    return { fault: `must be a duration such as 30s or 1m30s`, hint: 'the units are ms, s, m and h' }
  }
  const parts = [...text.matchAll(PART)]
  return {
    value: parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? 0), 0),
  }
}

const SIZE = /^(\d+(?:\.\d+)?) ?([kmgt]?)(i?)b?$/i

/** What `64MiB` or a bare number of bytes means. */
export function parseByteSize(text: string): Parsed<number> {
  const [, count = '', prefix = '', binary = ''] = SIZE.exec(text.trim()) ?? []
  const bytes = Number(count) * (binary === '' ? 1000 : 1024) ** ' kmgt'.indexOf(prefix.toLowerCase() || ' ')
  if (count === '' || (prefix === '' && binary !== '') || !Number.isSafeInteger(Math.round(bytes))) {
    return {
      fault: 'must be a size such as 64MiB',
      hint: 'the units are KiB, MiB, GiB and TiB, or KB, MB, GB and TB',
    }
  }
  return { value: Math.round(bytes) }
}
