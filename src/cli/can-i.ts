import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Question } from '../model/decision.ts'
import type { Labels, Subject } from '../model/subject.ts'
import { isRepositoryName } from '../oci/repository-name.ts'
import { explain } from '../policy/explain.ts'
import { decide } from '../policy/policy.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import { formatAnswer } from './format-answer.ts'
import type { Terminal } from './terminal.ts'

export interface CanIQuestion {
  /** One action, or several with commas, as in a scope. */
  readonly action: string
  /** `NAME` or `NAME:TAG`. */
  readonly name: string
  readonly config: string
  readonly as?: string
  /** In place of the user's own of the same name. */
  readonly label: Labels
  readonly ip?: string
  readonly type: string
  readonly service?: string
}

/** Says yes or no and by which rule, and why no other rule decided. Exit 0 yes, 1 no. */
export async function canI(asked: CanIQuestion, terminal: Terminal): Promise<number> {
  try {
    const loaded = await loadConfig(asked.config, terminal.env)
    const question = questionOf(asked, loaded)
    const explanation = explain(loaded.policy, question)
    const notes = notesOn(question, loaded)
    const placeOf = (index: number) => `${asked.config}:${loaded.locate(['acl', index]).line}`
    terminal.print(formatAnswer(explanation, { notes, placeOf }))
    return explanation.decision.denied.length === 0 ? EXIT.ok : EXIT.failed
  } catch (error) {
    return complainOf(error, terminal)
  }
}

/** The question to the policy; labels of the user come from the configuration where none are given. */
export function questionOf(asked: CanIQuestion, { config }: LoadedConfig): Question {
  const { name, tag } = splitTag(asked)
  return {
    subject: subjectOf(asked, config),
    access: { type: asked.type, name, actions: asked.action.split(',') },
    service: asked.service ?? config.token.service ?? '',
    clientIp: asked.ip ?? '',
    now: Date.now(),
    ...(tag === undefined ? {} : { tag }),
  }
}

function subjectOf({ as: name = '', label }: CanIQuestion, { users, tls }: Config): Subject {
  if (isByCertificate(name, { users, tls }))
    return { name, via: 'certificate', labels: label, isExternal: true }
  const known = users.get(name)?.labels ?? {}
  return { name, via: name === '' ? 'anonymous' : 'static', labels: { ...known, ...label } }
}

/** A name that `users` does not know is a certificate's where those are accepted. */
function isByCertificate(name: string, { users, tls }: Pick<Config, 'users' | 'tls'>): boolean {
  return name !== '' && tls.client_auth !== undefined && !users.has(name)
}

/** A registry's port may hold a colon too, but only before a slash. */
function splitTag({ name, type }: CanIQuestion): { readonly name: string; readonly tag?: string } {
  const [, repository, tag] = /^(.+):([^/:]+)$/.exec(name) ?? []
  if (type !== 'repository' || repository === undefined || tag === undefined) return { name }
  return { name: repository, tag }
}

/** What the rules do not say, but decides all the same. */
function notesOn(question: Question, { config, policy }: LoadedConfig): readonly string[] {
  const { subject, access } = question
  const notes: string[] = []
  if (isByCertificate(subject.name, config)) {
    notes.push(
      `users has no ${JSON.stringify(subject.name)}, so this is who has a client certificate of this name`,
    )
  } else if (!config.users.has(subject.name)) {
    const who = subject.name === '' ? 'nobody gets in without a login' : 'this user cannot log in'
    notes.push(`users has no ${JSON.stringify(subject.name)}, so ${who}`)
  }
  const authorizer = (['ext_authz', 'http_authz', 'casbin_authz'] as const).find(
    name => config[name] !== undefined,
  )
  if (authorizer !== undefined)
    notes.push(`where no rule matches, ${authorizer} decides, which is not asked here`)
  if (access.type !== 'repository') return notes
  if (!isRepositoryName(access.name)) notes.push('no repository can have this name')
  const pushes = { ...access, actions: ['pull', 'push'] }
  const isPush = access.actions.length === 1 && access.actions[0] === 'push'
  if (isPush && decide(policy, { ...question, access: pushes }).granted.join() === 'push') {
    notes.push('to push takes the right to pull, too, which is denied')
  }
  return notes
}
