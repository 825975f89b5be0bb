import { type Context, type Field, labelValues } from './context.ts'
import { isInNetwork, parseIpNetwork } from './ip-network.ts'
import { labelChoices } from './label-choices.ts'
import { matchedText } from './matched-text.ts'
import type { Matcher, Matchers } from './matcher.ts'
import { isConstant, literalPrefix, substitute, type Template } from './template.ts'

/** One condition of a rule: `name` as in the file (`labels.role` for a label), `pattern` as written there. */
export interface Condition {
  readonly name: string
  readonly pattern: string
  readonly holds: (context: Context) => boolean
  /** What the pattern was held against, for people. */
  readonly value: (context: Context) => string
}

/**
 * A condition on a field: the pattern as it is, then with each combination of the subject's labels.
 * Each field combines on its own, so two fields may use different values of one label.
 */
export function fieldCondition(field: Field, template: Template, matchers: Matchers): Condition {
  const prefix = literalPrefix(template)
  const matcherFor = matcherWithoutLabels(template, matchers)
  return {
    name: field,
    pattern: template.source,
    value: context => context.fields[field].text,
    holds: context => {
      const text = context.fields[field]
      if (!text.text.startsWith(prefix)) return false
      if (matcherFor(context)(text)) return true
      if (template.labelKeys.length === 0) return false
      for (const choice of labelChoices(template.labelKeys, context.labels)) {
        if (matchers.substituted(substitute(template, context, choice))(text)) return true
      }
      return false
    },
  }
}

/** A condition on a label: one of its values matches. Label placeholders are not replaced in `template`. */
export function labelCondition(key: string, template: Template, matchers: Matchers): Condition {
  const matcherFor = matcherWithoutLabels(template, matchers)
  return {
    name: `labels.${key}`,
    pattern: template.source,
    value: context => labelValues(context.labels, key).join(', '),
    holds: context => {
      const values = labelValues(context.labels, key)
      if (values.length === 0) return false
      const matcher = matcherFor(context)
      return values.some(value => matcher(matchedText(value)))
    },
  }
}

/** A condition on the client's address, which an unknown address, or a faulty pattern, never meets. */
export function ipCondition(pattern: string): Condition {
  const network = parseIpNetwork(pattern)
  return {
    name: 'ip',
    pattern,
    value: context => context.clientIp,
    holds: context => {
      const address = context.address()
      return network !== undefined && address !== undefined && isInNetwork(network, address)
    },
  }
}

function matcherWithoutLabels(template: Template, matchers: Matchers): (context: Context) => Matcher {
  if (!isConstant(template)) return context => matchers.substituted(substitute(template, context))
  const { matches } = matchers.written(template.source)
  return () => matches
}
