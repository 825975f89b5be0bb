import type { Question } from '../model/decision.ts'
import { type Authorizer, cannotTell, type Verdict } from './authorizer.ts'
import { dockerWords } from './docker-words.ts'
import { goJson, goLabels } from './go-json.ts'
import type { ProgramPool } from './program-pool.ts'

/**
 * docker_auth's `ext_authz`: a program reads the question as JSON and exits with 0 (all that is asked for) or
 * 1 (nothing). Its standard output is not read.
 */
export function createExtAuthz(pool: ProgramPool): Authorizer {
  async function authorize(question: Question): Promise<Verdict> {
    const result = await pool.run(document(question))
    if (result.outcome === 'failed') throw cannotTell('ext_authz', result.reason, result)
    if (result.code === 0) return { granted: question.access.actions }
    if (result.code === 1) return { granted: [] }
    throw cannotTell('ext_authz', `it exited with ${result.code}: ${result.stderr.trim()}`)
  }

  return { name: 'ext_authz', authorize, close: () => pool.close() }
}

function document({ subject, access, service, clientIp }: Question): string {
  return goJson({
    Account: subject.name,
    Type: access.type,
    Name: access.name,
    Service: service,
    IP: clientIp,
    Actions: dockerWords(access.actions),
    Labels: goLabels(subject.labels),
  })
}
