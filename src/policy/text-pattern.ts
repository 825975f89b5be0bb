import type { Context } from './context.ts'
import { labelChoices } from './label-choices.ts'
import { literalEnds } from './literal-ends.ts'
import type { MatchedText } from './matched-text.ts'
import type { Matcher, Matchers } from './matcher.ts'
import type { LiteralEnds } from './regex-literals.ts'
import {
  endsOfTemplate,
  fixedPattern,
  isConstant,
  type LabelChoice,
  readsRequest,
  substitute,
  type Template,
} from './template.ts'

/** Tells whether a text matches a pattern with the variables of one question. */
export type TextPattern = (context: Context, text: MatchedText) => boolean

/**
 * The pattern as it is, then with each combination of the subject's labels. Each pattern combines on its own, so
 * two of a rule may use different values of one label.
 */
export function compilePattern(template: Template, matchers: Matchers): TextPattern {
  const fixed = fixedPattern(template)
  if (fixed !== undefined) {
    const { matches } = matchers.written(fixed)
    return (_, text) => matches(text)
  }
  const { prefix } = endsOfTemplate(template)
  const matcherFor = matcherWithoutLabels(template, matchers)
  return (context, text) => {
    if (!text.text.startsWith(prefix)) return false
    if (matcherFor(context)(text)) return true
    if (template.labelKeys.length === 0) return false
    for (const choice of labelChoices(template.labelKeys, context.labels)) {
      if (substituted(template, matchers, { context, choice })(text)) return true
    }
    return false
  }
}

const MAX_FORMS = 16

/**
 * The ends of every pattern that `compilePattern` holds a text against for a subject, if the subject alone decides
 * them and they are few; else `undefined`.
 */
export function endsForSubject(template: Template, context: Context): readonly LiteralEnds[] | undefined {
  if (readsRequest(template)) return undefined
  const isGlob = context.insertsQuoted && !template.isRegex
  const ends = [
    isConstant(template)
      ? literalEnds(template.source, false)
      : literalEnds(substitute(template, context), isGlob),
  ]
  for (const choice of labelChoices(template.labelKeys, context.labels)) {
    if (ends.length === MAX_FORMS) return undefined
    ends.push(literalEnds(substitute(template, context, choice), isGlob))
  }
  return ends
}

/** As `compilePattern`, but `${labels:x}` stands for itself. */
export function compilePatternWithoutLabels(template: Template, matchers: Matchers): TextPattern {
  const matcherFor = matcherWithoutLabels(template, matchers)
  return (context, text) => matcherFor(context)(text)
}

function matcherWithoutLabels(template: Template, matchers: Matchers): (context: Context) => Matcher {
  if (!isConstant(template)) return context => substituted(template, matchers, { context })
  const { matches } = matchers.written(template.source)
  return () => matches
}

function substituted(
  template: Template,
  matchers: Matchers,
  { context, choice }: { readonly context: Context; readonly choice?: LabelChoice },
): Matcher {
  const pattern = substitute(template, context, choice)
  // A value from outside that begins or ends with a slash must not turn the glob around it into an expression.
  if (context.insertsQuoted && !template.isRegex) return matchers.substitutedGlob(pattern)
  return matchers.substituted(pattern)
}
