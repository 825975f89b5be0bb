import { type Context, type Field, labelValues } from './context.ts'
import { isInNetwork, parseIpNetwork } from './ip-network.ts'
import { matchedText } from './matched-text.ts'
import type { Matchers } from './matcher.ts'
import { parseEnd } from './moment.ts'
import { isWithin, parseHours } from './office-hours.ts'
import { readsRequest, type Template } from './template.ts'
import { compilePattern, compilePatternWithoutLabels } from './text-pattern.ts'

/** One condition of a rule: `name` as in the file (`labels.role` for a label), `pattern` as written there. */
export interface Condition {
  readonly name: string
  readonly pattern: string
  /** Whether the subject alone decides it, the same for every request. */
  readonly isOfSubject: boolean
  readonly holds: (context: Context) => boolean
  /** What the pattern was held against, for people. */
  readonly value: (context: Context) => string
}

/** A condition on a field. */
export function fieldCondition(field: Field, template: Template, matchers: Matchers): Condition {
  const matches = compilePattern(template, matchers)
  return {
    name: field,
    pattern: template.source,
    isOfSubject: field === 'account' && !readsRequest(template),
    value: context => context.fields[field].text,
    holds: context => matches(context, context.fields[field]),
  }
}

/** A condition on a label: one of its values matches. Label placeholders are not replaced in `template`. */
export function labelCondition(key: string, template: Template, matchers: Matchers): Condition {
  const matches = compilePatternWithoutLabels(template, matchers)
  return {
    name: `labels.${key}`,
    pattern: template.source,
    isOfSubject: !readsRequest(template),
    value: context => labelValues(context.labels, key).join(', '),
    holds: context => labelValues(context.labels, key).some(value => matches(context, matchedText(value))),
  }
}

/** A condition on the client's address, which an unknown address, or a faulty pattern, never meets. */
export function ipCondition(pattern: string): Condition {
  const network = parseIpNetwork(pattern)
  return {
    name: 'ip',
    pattern,
    isOfSubject: false,
    value: context => context.clientIp,
    holds: context => {
      const address = context.address()
      return network !== undefined && address !== undefined && isInNetwork(network, address)
    },
  }
}

/** A condition on the tag: one pattern matches. A question without a tag meets it; who asks must know. */
export function tagsCondition(templates: readonly Template[], matchers: Matchers): Condition {
  const patterns = templates.map(template => compilePattern(template, matchers))
  return {
    name: 'tags',
    pattern: templates.map(({ source }) => source).join(', '),
    isOfSubject: false,
    value: context => context.tag?.text ?? 'no tag',
    holds: context => {
      const { tag } = context
      return tag === undefined || patterns.some(matches => matches(context, tag))
    },
  }
}

/** A condition on the user agent, `''` when the client sends none: one pattern matches. */
export function clientsCondition(templates: readonly Template[], matchers: Matchers): Condition {
  const patterns = templates.map(template => compilePattern(template, matchers))
  return {
    name: 'clients',
    pattern: templates.map(({ source }) => source).join(', '),
    isOfSubject: false,
    value: context => context.userAgent().text,
    holds: context => patterns.some(matches => matches(context, context.userAgent())),
  }
}

/** A condition on the time of day and the day of the week, which no moment meets when it is faulty. */
export function hoursCondition(source: string): Condition {
  const hours = parseHours(source)
  return {
    name: 'hours',
    pattern: source,
    isOfSubject: false,
    value: context => new Date(context.now).toISOString(),
    holds: context => !('fault' in hours) && isWithin(hours, context.now),
  }
}

/** A condition on the moment, which must be before the end; none is when that is faulty. */
export function untilCondition(source: string): Condition {
  const end = parseEnd(source) ?? Number.NEGATIVE_INFINITY
  return {
    name: 'until',
    pattern: source,
    isOfSubject: false,
    value: context => new Date(context.now).toISOString(),
    holds: context => context.now < end,
  }
}
