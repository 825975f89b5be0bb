import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Name without the prefix, help text and label names of a metric. */
export interface FamilyOptions {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

/** Adds `amount` to the child with these label values, given in the order of the label names. */
export type Add = (values: readonly string[], amount?: number) => void

/** A gauge by label values; `reset` forgets all its children. */
export interface GaugeFamily {
  readonly add: Add
  readonly set: (values: readonly string[], value: number) => void
  readonly reset: () => void
}

/** Makers of metrics in one registry. Children are looked up once per label set, which halves the cost of a call. */
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
      const metric = new Counter(common(options))
      const child = cached(values => metric.labels(...values))
      return (values, amount = 1) => child.get(values).inc(amount)
    },
    gauge(options) {
      const metric = new Gauge(common(options))
      const child = cached(values => metric.labels(...values))
      return {
        add: (values, amount = 1) => child.get(values).inc(amount),
        set: (values, value) => child.get(values).set(value),
        reset() {
          metric.reset()
          child.clear()
        },
      }
    },
    histogram({ buckets, ...options }) {
      const metric = new Histogram({ ...common(options), buckets: [...buckets] })
      const child = cached(values => metric.labels(...values))
      return (values, value) => child.get(values).observe(value)
    },
  }
}

function cached<T>(make: (values: string[]) => T) {
  const children = new Map<string, T>()
  return {
    get(values: readonly string[]): T {
      const key = values.join('\u0000')
      const known = children.get(key)
      if (known !== undefined) return known
      const made = make([...values])
      children.set(key, made)
      return made
    },
    clear: () => children.clear(),
  }
}
