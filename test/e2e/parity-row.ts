/** One call to a registry, made on the bare one and through landwaiter. */
export interface Row {
  /** `METHOD target`; `{u}` stands for the `Location` that an earlier row kept as `u`. */
  readonly call: string
  readonly why: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** The body goes out without a length. */
  readonly chunked?: true
  /** Name for the answer's `Location`. */
  readonly keep?: string
  /** Who asks landwaiter; the administrator unless told. */
  readonly as?: 'developer'
  /** Where landwaiter answers otherwise on purpose: why, and what then. */
  readonly differs?: { readonly reason: string; readonly ours: Partial<Answer> }
}

/** What must be the same: the status, the headers that matter, the body, and whether it was cut short. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly cut: boolean
}

const VERSION = { 'docker-distribution-api-version': 'registry/2.0' }

/** What is no request of the API is refused before the registry is asked, and always in its JSON. */
export function ownRefusal(
  status: number,
  code: string,
  message: string,
  detail?: object | string,
): Required<Row>['differs'] {
  const body = JSON.stringify({ errors: [{ code, message, detail }] })
  return {
    reason: 'refused here',
    ours: { status, headers: { ...head(body), 'content-type': 'application/json' }, body },
  }
}

/** The refusal of a method that an endpoint does not have. */
export function notMethod(allow: string): Required<Row>['differs'] {
  const { reason, ours } = ownRefusal(405, 'UNSUPPORTED', `this endpoint takes ${allow} only`)
  return { reason, ours: { ...ours, headers: { ...ours.headers, allow } } }
}

/** The same for HEAD: without a type, over which old versions of containers/image stumble. */
export function notHead(allow: string): Required<Row>['differs'] {
  const { body = '' } = notMethod(allow).ours
  return { reason: 'refused here', ours: { status: 405, headers: { ...head(body), allow }, body: '' } }
}

/** Headers of an answer of ours whose body would be `body`. */
export function head(body: string): Readonly<Record<string, string>> {
  return { ...VERSION, 'content-length': String(body.length) }
}

/** Rows whose reasons begin with what they have in common. */
export function section(name: string, list: readonly Row[]): readonly Row[] {
  return list.map(row => ({ ...row, why: `${name}: ${row.why}` }))
}
