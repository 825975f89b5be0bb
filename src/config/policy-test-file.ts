import { isSeq, Pair, Scalar, YAMLMap } from 'yaml'
import { z } from 'zod'
import { ConfigError } from '../model/errors.ts'
import type { Labels, Subject } from '../model/subject.ts'
import type { PolicyTest } from '../policy/policy-test.ts'
import type { Fault, KeyPath } from './fault.ts'
import { type Position, toIssues } from './issues.ts'
import { oneOf, parsedText } from './schema-kit.ts'
import { parseYaml, type YamlDocument } from './yaml-document.ts'
import { readValue } from './yaml-value.ts'
import { zodFaults } from './zod-faults.ts'

const WhoSchema = z.strictObject({
  account: z.string().default(''),
  labels: z.record(z.string(), z.array(z.string())).optional(),
  ip: z.string().default(''),
  client: z.string().optional(),
})

const CaseSchema = z.strictObject({
  who: WhoSchema.prefault({}),
  action: z.string().min(1, 'must name an action'),
  /** `REPOSITORY` or `REPOSITORY:TAG`. */
  name: z.string().min(1, 'must not be empty'),
  type: z.string().default('repository'),
  at: parsedText(text => {
    const time = Date.parse(text)
    return Number.isNaN(time) ? { fault: 'must be a time such as 2027-01-31T12:00:00Z' } : { value: time }
  }).optional(),
  expect: oneOf(['allow', 'deny']),
  rule: z.string().optional(),
})

const FileSchema = z.strictObject({ tests: z.array(CaseSchema) })

type Case = z.output<typeof CaseSchema>

/** A test and the place of its entry in the file. */
export interface PlacedPolicyTest extends PolicyTest, Position {}

/** What the tests do not say themselves. */
export interface PolicyTestDefaults {
  /** For messages. */
  readonly file: string
  /** Give an account its labels where the test gives none. */
  readonly users: ReadonlyMap<string, { readonly labels: Labels }>
  /** Accounts that `users` does not know are those of client certificates. */
  readonly acceptsCertificates: boolean
  readonly service: string
  /** ms since the epoch. */
  readonly now: number
}

/**
 * The tests of a YAML text: a list of `{who: {account, labels, ip, client}, action, name: REPOSITORY[:TAG], expect:
 * allow|deny}`, and perhaps `rule`, `type` and `at`. Without an account it is the anonymous user who asks.
 * @throws ConfigError with every fault at its place.
 */
export function parsePolicyTests(text: string, defaults: PolicyTestDefaults): readonly PlacedPolicyTest[] {
  const document = asMapping(parseYaml(text))
  const reading = readValue(document, FileSchema, { env: {}, interpolated: new Set() })
  const locate = (path: KeyPath, offset = reading.places.offsetOf(path)) => document.position(offset)
  const parsed = FileSchema.safeParse(reading.value ?? {}, { reportInput: true })
  const found = [...document.faults, ...reading.faults].filter(({ severity }) => severity === 'error')
  const faults: readonly Fault[] = found.length > 0 || parsed.success ? found : zodFaults(parsed.error.issues)
  if (faults.length > 0 || !parsed.success) {
    throw new ConfigError(toIssues(faults, { file: defaults.file, locate }))
  }
  return parsed.data.tests.map((entry, index) => ({
    ...locate(['tests', index]),
    ...testOf(entry, defaults),
  }))
}

/** A list alone stands for the mapping `tests: […]`, which is what a schema can read. */
function asMapping(document: YamlDocument): YamlDocument {
  const { root } = document
  if (!isSeq(root)) return document
  const map = new YAMLMap()
  map.items.push(new Pair(new Scalar('tests'), root))
  return { ...document, root: map }
}

function testOf(entry: Case, { users, acceptsCertificates, service, now }: PolicyTestDefaults): PolicyTest {
  const { who, action, type, at = now, expect, rule } = entry
  const { account, client, ip } = who
  const labels = who.labels ?? users.get(account)?.labels ?? {}
  const isByCertificate = acceptsCertificates && account !== '' && !users.has(account)
  const subject: Subject = isByCertificate
    ? { name: account, via: 'certificate', labels, isExternal: true }
    : { name: account, via: account === '' ? 'anonymous' : 'static', labels }
  const { name, tag } = splitTag(entry)
  return {
    question: {
      subject,
      access: { type, name, actions: [action] },
      service,
      clientIp: ip,
      now: at,
      ...(tag !== undefined && { tag }),
      ...(client !== undefined && { userAgent: client }),
    },
    expect,
    ...(rule !== undefined && { rule }),
  }
}

/** A registry's port may hold a colon too, but only before a slash. */
function splitTag({ name, type }: Case): { readonly name: string; readonly tag?: string } {
  const [, repository, tag] = /^(.+):([^/:]+)$/.exec(name) ?? []
  return type !== 'repository' || repository === undefined || tag === undefined
    ? { name }
    : { name: repository, tag }
}
