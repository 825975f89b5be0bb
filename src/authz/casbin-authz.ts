import { readFile } from 'node:fs/promises'
import type { Question } from '../model/decision.ts'
import { messageOf } from '../model/message-of.ts'
import { type Authorizer, cannotTell, type Verdict } from './authorizer.ts'
import { type CasbinModel, compileCasbin } from './casbin-model.ts'
import { dockerWord } from './docker-words.ts'
import { ExternalFileError } from './external-file-error.ts'
import { goJson, goLabels } from './go-json.ts'

/** `casbin_authz` as the configuration has it. */
export interface CasbinSettings {
  readonly model_path: string
  readonly policy_path: string
}

/**
 * docker_auth's `casbin_authz`: every action is asked for by itself. The words `overwrite`, `list` and `mount` are
 * asked for as push, pull and push, unless the policy mentions them. The files are read once.
 * @throws ExternalFileError when a file cannot be read or the two make no policy.
 */
export async function openCasbinAuthz(settings: CasbinSettings): Promise<Authorizer> {
  const { model_path, policy_path } = settings
  const [modelText, policyText] = await Promise.all([readText(model_path), readText(policy_path)])
  const model = await compile(modelText, policyText, settings)
  return {
    name: 'casbin_authz',
    authorize: async question => verdict(model, question),
    close: async () => {},
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ExternalFileError(file, 'cannot be read', { cause })
  }
}

async function compile(
  modelText: string,
  policyText: string,
  { model_path, policy_path }: CasbinSettings,
): Promise<CasbinModel> {
  try {
    return await compileCasbin(modelText, policyText)
  } catch (cause) {
    const problem = messageOf(cause)
    throw new ExternalFileError(model_path, `makes no policy with ${policy_path}: ${problem}`, { cause })
  }
}

function verdict(model: CasbinModel, { subject, access, service, clientIp }: Question): Verdict {
  const labels = goJson(goLabels(subject.labels))
  const isAllowed = (action: string) => {
    const word = model.mentions(action) ? action : dockerWord(action)
    return model.allows([subject.name, access.type, access.name, service, clientIp, word, labels])
  }
  try {
    return { granted: access.actions.filter(isAllowed) }
  } catch (cause) {
    throw cannotTell('casbin_authz', 'the model cannot tell', { cause })
  }
}
