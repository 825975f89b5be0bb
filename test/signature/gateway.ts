import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, request } from 'undici'
import { asOciError } from '../../src/http/failure.ts'
import { sendOciError } from '../../src/http/reply.ts'
import { createSignatureGuard, type SignatureGuardPorts } from '../../src/http/signature-guard.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'
import type { Scope } from '../support/scope.ts'

/** A proxy that does nothing but apply signature rules for one account; returns its `HOST:PORT`. */
export async function startGateway(
  t: Scope,
  options: SignatureGuardPorts & { readonly upstream: string; readonly account: string },
): Promise<string> {
  const server = createServer((req, res) => {
    serve(req, res, options).catch(error => sendOciError(req, res, asOciError(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  t.teardown(() => server.closeAllConnections())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function serve(
  req: IncomingMessage,
  res: ServerResponse,
  options: Parameters<typeof startGateway>[1],
): Promise<void> {
  const { method = 'GET', url = '/' } = req
  const parsed = parseRegistryRequest(method, url)
  const guard = createSignatureGuard(options, { request: parsed, account: options.account, req, res })
  const answer = await request(options.upstream + url, {
    method: method as Dispatcher.HttpMethod,
    headers: req.headers,
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: req }),
  })
  const body = Buffer.from(await answer.body.arrayBuffer())
  await guard?.({ status: answer.statusCode, headers: answer.headers, bytesIn: 0 })
  const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers
  res.writeHead(answer.statusCode, headers).end(body)
}
