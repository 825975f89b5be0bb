import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { createLabelTree } from './label-tree.ts'

/** Name without the prefix, help text and label names of a metric. */
export interface FamilyOptions {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  /** Of a gauge: `first` when the values of several threads are the same one; else they are added. */
  readonly aggregator?: 'first'
}

/** Adds `amount` to the child with these label values, given in the order of the label names. */
export type Add = (values: readonly string[], amount?: number) => void

/** A gauge by label values; `reset` forgets all its children. */
export interface GaugeFamily {
  readonly add: Add
  readonly set: (values: readonly string[], value: number) => void
  readonly reset: () => void
}

/** Makers of metrics in one registry. What is added is only handed to it when somebody looks: its own calls are slow. */
export interface Families {
  counter(options: FamilyOptions): Add
  gauge(options: FamilyOptions): GaugeFamily
  histogram(
    options: FamilyOptions & { readonly buckets: readonly number[] },
  ): (values: readonly string[], value: number) => void
}

const PREFIX = 'landwaiter_'

/** Histogram bounds, in seconds, for calls that are over within seconds. */
export const CALL_BUCKETS = [0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Makers that register their metrics in `registry`. */
export function createFamilies(registry: Registry): Families {
  const common = ({ name, help, labels = [] }: FamilyOptions) => ({
    name: `${PREFIX}${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  return {
    counter(options) {
      const { childOf, handOver } = pendingSums((values): Counter.Internal => metric.labels(...values))
      const metric: Counter = new Counter({ ...common(options), collect: handOver })
      return (values, amount = 1) => {
        childOf(values).pending += amount
      }
    },
    gauge(options) {
      const { childOf, handOver, clear } = pendingSums(
        (values): Gauge.Internal<string> => metric.labels(...values),
      )
      const { aggregator = 'sum' } = options
      const metric: Gauge = new Gauge({ ...common(options), aggregator, collect: handOver })
      return {
        add: (values, amount = 1) => {
          childOf(values).pending += amount
        },
        set: (values, value) => {
          const child = childOf(values)
          child.pending = 0
          child.metric.set(value)
        },
        reset() {
          metric.reset()
          clear()
        },
      }
    },
    histogram({ buckets, ...options }) {
      const metric = new Histogram({ ...common(options), buckets: [...buckets] })
      const children = createLabelTree(values => metric.labels(...values))
      return (values, value) => children.get(values).observe(value)
    },
  }
}

/** Children of a metric, each with what has been added since somebody looked. */
function pendingSums<T extends { inc(amount: number): void }>(make: (values: readonly string[]) => T) {
  const all: { readonly metric: T; pending: number }[] = []
  const children = createLabelTree(values => {
    const child = { metric: make(values), pending: 0 }
    // So that it is there even if nothing is added to it.
    child.metric.inc(0)
    all.push(child)
    return child
  })
  return {
    childOf: children.get,
    handOver: () => {
      for (const child of all) {
        child.metric.inc(child.pending)
        child.pending = 0
      }
    },
    clear: () => {
      all.length = 0
      children.clear()
    },
  }
}
