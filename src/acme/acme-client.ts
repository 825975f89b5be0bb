import type { ClientOptions } from 'acme-client'
import type { Directory } from './resources.ts'
import type { SignedAnswer } from './signed-requests.ts'
import { type AcmeRequest, sendRequest } from './transport.ts'

/** The parts of acme-client's client that are used here, some of which its types leave out. */
interface InnerClient {
  readonly http: {
    maxBadNonceRetries: number
    getJwk(): object
    getNonce(): Promise<string>
    getDirectory(): Promise<Directory>
  }
  readonly api: {
    apiRequest(
      url: string,
      payload: object | null,
      expected?: readonly number[],
      options?: { readonly includeJwsKid?: boolean; readonly includeExternalAccountBinding?: boolean },
    ): Promise<SignedAnswer>
  }
  getChallengeKeyAuthorization(challenge: {
    readonly type: 'http-01'
    readonly token: string
  }): Promise<string>
}

/** acme-client, whose requests all go through our transport. */
interface AcmeClient {
  open(options: ClientOptions): InnerClient
}

let loading: Promise<AcmeClient> | undefined

/** acme-client, loaded when first needed: it takes a quarter of a second. */
export function loadAcmeClient(): Promise<AcmeClient> {
  loading ??= load()
  return loading
}

async function load(): Promise<AcmeClient> {
  const { default: acme } = await import('acme-client')
  // Its own adapter hides why the network failed and waits for hours when told to. What ours throws carries no
  // `config`, so that acme-client passes it on untouched.
  acme.axios.defaults.adapter = async config => {
    const reply = await sendRequest({
      url: String(config.url),
      method: methodOf(config.method),
      ...(typeof config.data === 'string' && { body: config.data }),
    })
    return { data: reply.body, status: reply.status, statusText: '', headers: reply.headers, config }
  }
  return { open: options => new acme.Client(options) as unknown as InnerClient }
}

function methodOf(method = 'get'): AcmeRequest['method'] {
  const upper = method.toUpperCase()
  if (upper === 'GET' || upper === 'HEAD' || upper === 'POST') return upper
  throw new TypeError(`ACME has no ${upper} requests`)
}
