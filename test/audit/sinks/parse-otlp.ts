/** Keys of each message in opentelemetry-proto 1.x, JSON names; whatever else comes is a fault. */
const KEYS = {
  request: ['resourceLogs'],
  resourceLogs: ['resource', 'scopeLogs', 'schemaUrl'],
  resource: ['attributes', 'droppedAttributesCount', 'entityRefs'],
  scopeLogs: ['scope', 'logRecords', 'schemaUrl'],
  scope: ['name', 'version', 'attributes', 'droppedAttributesCount'],
  logRecord: [
    ...['timeUnixNano', 'observedTimeUnixNano', 'severityNumber', 'severityText', 'body', 'attributes'],
    ...['droppedAttributesCount', 'flags', 'traceId', 'spanId', 'eventName'],
  ],
  keyValue: ['key', 'value'],
} as const

type Tree = Readonly<Record<string, unknown>>

/**
 * The numbers of the lines of a request, read as strictly as the specification of OTLP's JSON allows: 64-bit integers are
 * texts, enumerations numbers, each value is of one kind. Throws otherwise.
 */
export function parseOtlp(request: unknown): readonly number[] {
  return list(only(request, 'request')['resourceLogs']).flatMap(each => {
    const { resource, scopeLogs } = only(each, 'resourceLogs')
    const attributes = new Map(list(only(resource, 'resource')['attributes']).map(attribute))
    if (attributes.get('service.name') !== 'landwaiter') throw new Error('no service.name')
    return list(scopeLogs).flatMap(logs => {
      const { scope, logRecords } = only(logs, 'scopeLogs')
      if (only(scope, 'scope')['name'] !== 'landwaiter.audit') throw new Error('scope')
      return list(logRecords).map(seqOf)
    })
  })
}

function seqOf(record: unknown): number {
  const { timeUnixNano, observedTimeUnixNano, severityNumber, body, attributes } = only(record, 'logRecord')
  for (const time of [timeUnixNano, observedTimeUnixNano]) {
    if (typeof time !== 'string' || !/^[1-9]\d{18}$/.test(time)) throw new Error(`time ${time}`)
  }
  if (!Number.isInteger(severityNumber)) throw new Error(`severity ${severityNumber}`)
  const named = new Map(list(attributes).map(attribute))
  const line = JSON.parse(String(contentOf(body)))
  if (named.get('landwaiter.seq') !== line.seq || named.get('user.name') !== line.actor.name) {
    throw new Error('attributes')
  }
  if (BigInt(String(timeUnixNano)) / 1_000_000n !== BigInt(Date.parse(line.time))) throw new Error('time')
  return line.seq
}

function attribute(pair: unknown): readonly [string, unknown] {
  const { key, value } = only(pair, 'keyValue')
  if (typeof key !== 'string' || key === '') throw new Error('key')
  return [key, contentOf(value)]
}

function contentOf(value: unknown): unknown {
  const [[kind, content] = [], ...more] = Object.entries(value as object)
  if (more.length > 0) throw new Error('a value of two kinds')
  if (kind === 'stringValue' && typeof content === 'string') return content
  if (kind === 'intValue' && typeof content === 'string' && /^-?\d+$/.test(content)) return Number(content)
  if (kind === 'arrayValue') return list((content as Tree)['values']).map(contentOf)
  throw new Error(`a value ${JSON.stringify(value)}`)
}

function only(value: unknown, message: keyof typeof KEYS): Tree {
  if (typeof value !== 'object' || value === null) throw new Error(`no ${message}`)
  const known: readonly string[] = KEYS[message]
  const strange = Object.keys(value).find(key => !known.includes(key))
  if (strange !== undefined) throw new Error(`${message}.${strange}`)
  return value as Tree
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('no list')
  return value
}
