import { readFile } from 'node:fs/promises'
import { Agent, type Dispatcher, request } from 'undici'
import type { Question } from '../model/decision.ts'
import { messageOf } from '../model/message-of.ts'
import type { Secret } from '../model/secret.ts'
import { type Authorizer, cannotTell, type Verdict } from './authorizer.ts'
import { dockerWord, dockerWords } from './docker-words.ts'
import { ExternalFileError } from './external-file-error.ts'
import { parseHttpAnswer } from './http-answer.ts'
import { createSlots } from './slots.ts'

const MAX_ANSWER_BYTES = 64 * 1024
const MAX_CONNECTIONS = 16
const MAX_QUEUE = 1_000

/** `http_authz` as the configuration has it. */
export interface HttpAuthzSettings {
  readonly url: string
  readonly timeout_ms: number
  readonly headers: Readonly<Record<string, Secret>>
  /** PEM certificates that are trusted instead of the usual ones. */
  readonly ca_file?: string | undefined
}

/**
 * An authorizer that posts every question, as Open Policy Agent takes it: `{"input": {"account": …}}`. `actions`
 * are docker_auth's words, `operations` the same in ours (`overwrite`, `list`, `mount`). Redirects are not followed.
 * @throws ExternalFileError when `ca_file` cannot be read.
 */
export async function openHttpAuthz(settings: HttpAuthzSettings): Promise<Authorizer> {
  const { url, timeout_ms } = settings
  const ca = await readCa(settings.ca_file)
  const agent = new Agent({
    connections: MAX_CONNECTIONS,
    connect: { timeout: timeout_ms, ...(ca === undefined ? {} : { ca }) },
  })
  const slots = createSlots({ max: MAX_CONNECTIONS, maxQueue: MAX_QUEUE, waitMs: timeout_ms })
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...Object.fromEntries(Object.entries(settings.headers).map(([name, value]) => [name, value.reveal()])),
  }

  async function post(body: string): Promise<string> {
    const answer = await request(url, {
      method: 'POST',
      headers,
      body,
      dispatcher: agent,
      signal: AbortSignal.timeout(timeout_ms),
    })
    if (answer.statusCode !== 200) {
      await answer.body.dump({ limit: MAX_ANSWER_BYTES })
      throw new Error(`it answered with status ${answer.statusCode}`)
    }
    return await boundedText(answer.body)
  }

  async function authorize(question: Question): Promise<Verdict> {
    if (!(await slots.enter()))
      throw cannotTell('http_authz', 'too many questions at once', { isOverload: true })
    try {
      return toVerdict(await post(JSON.stringify({ input: inputOf(question) })), question)
    } catch (error) {
      throw cannotTell('http_authz', messageOf(error), { cause: error })
    } finally {
      slots.leave()
    }
  }

  return {
    name: 'http_authz',
    authorize,
    async close() {
      slots.close()
      await agent.destroy()
    },
  }
}

async function readCa(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file)
  } catch (cause) {
    throw new ExternalFileError(file, 'cannot be read', { cause })
  }
}

function inputOf({ subject, access, service, clientIp, tag, userAgent }: Question): object {
  return {
    account: subject.name,
    type: access.type,
    name: access.name,
    service,
    ip: clientIp,
    actions: dockerWords(access.actions),
    operations: access.actions,
    labels: subject.labels,
    tag,
    user_agent: userAgent,
  }
}

async function boundedText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    // Leaving the loop destroys the body and its connection.
    if (size > MAX_ANSWER_BYTES) throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function toVerdict(text: string, { access }: Question): Verdict {
  const answer = parseHttpAnswer(text)
  if ('fault' in answer) throw new Error(answer.fault)
  const { allow, actions, reason } = answer
  const granted = allow ? access.actions.filter(action => isListed(action, actions)) : []
  return { granted, ...(reason === undefined ? {} : { reason }) }
}

function isListed(action: string, listed: readonly string[] | undefined): boolean {
  return listed === undefined || listed.includes(action) || listed.includes(dockerWord(action))
}
