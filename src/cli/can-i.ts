import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { Question } from '../model/decision.ts'
import type { Labels, Subject } from '../model/subject.ts'
import { type Explanation, explain, type TriedRule } from '../policy/explain.ts'
import { complainOf } from './config-problem.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

export interface CanIQuestion {
  readonly action: string
  /** `NAME` or `NAME:TAG`. */
  readonly name: string
  readonly config: string
  readonly as?: string
  readonly label: Labels
  readonly ip: string
  readonly type: string
  readonly service?: string
}

/** Says yes or no and by which rule, with every rule that was tried before it. Exit 0 yes, 1 no. */
export async function canI(asked: CanIQuestion, terminal: Terminal): Promise<number> {
  try {
    const loaded = await loadConfig(asked.config, terminal.env)
    const explanation = explain(loaded.policy, questionOf(asked, loaded))
    terminal.print(formatAnswer(explanation, { asked, loaded }))
    return explanation.decision.denied.length === 0 ? EXIT.ok : EXIT.failed
  } catch (error) {
    return complainOf(error, terminal)
  }
}

function questionOf(asked: CanIQuestion, { config }: LoadedConfig): Question {
  const { name, tag } = splitTag(asked)
  return {
    subject: subjectOf(asked, config.users.get(asked.as ?? '')?.labels ?? {}),
    access: { type: asked.type, name, actions: [asked.action] },
    service: asked.service ?? config.token.service ?? '',
    clientIp: asked.ip,
    now: Date.now(),
    ...(tag === undefined ? {} : { tag }),
  }
}

function subjectOf({ as: name = '', label }: CanIQuestion, known: Labels): Subject {
  return { name, via: name === '' ? 'anonymous' : 'static', labels: { ...known, ...label } }
}

/** A registry's port may hold a colon too, but only before a slash. */
function splitTag({ name, type }: CanIQuestion): { readonly name: string; readonly tag?: string } {
  const parts = /^(.+):([^/:]+)$/.exec(name)
  const [, repository, tag] = parts ?? []
  if (type !== 'repository' || repository === undefined || tag === undefined) return { name }
  return { name: repository, tag }
}

function formatAnswer(
  { decision, tried }: Explanation,
  { asked, loaded }: { readonly asked: CanIQuestion; readonly loaded: LoadedConfig },
): string {
  const answer = decision.denied.length === 0 ? 'yes' : 'no'
  const lines = tried.map(rule => `  ${describe(rule, asked.config, loaded)}`)
  const user = asked.as ?? ''
  const unknown =
    user !== '' && !loaded.config.users.has(user) ? [`  note: users has no ${JSON.stringify(user)}`] : []
  return `${[`${answer}: ${decision.reason}`, ...lines, ...unknown].join('\n')}\n`
}

function describe({ rule, comment, failed }: TriedRule, file: string, loaded: LoadedConfig): string {
  const index = Number(/\d+/.exec(rule)?.[0] ?? 0)
  const { line } = loaded.locate(['acl', index])
  const note = comment === undefined ? '' : ` "${comment}"`
  const why =
    failed === undefined
      ? 'decides'
      : `${failed.name} ${JSON.stringify(failed.pattern)} does not match ${failed.value}`
  return `${rule} (${file}:${line})${note}: ${why}`
}
