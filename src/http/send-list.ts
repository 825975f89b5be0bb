import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transfer } from '../model/exchange.ts'
import type { ListAsk } from '../model/list-page.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { type AuthorizationContext, decideOn, type Identified } from './authorize.ts'
import { listCatalog } from './list-catalog.ts'
import type { ListPorts } from './list-ports.ts'
import { listTags } from './list-tags.ts'
import { type Reply, sendReply } from './reply.ts'

/** A list that we answer ourselves. */
export type FilteredList = Extract<RegistryRequest, { kind: 'catalog' | 'tags' }>

/** True for the lists that show only what the subject may pull. */
export function isFilteredList(ports: ListPorts, request: RegistryRequest): request is FilteredList {
  return request.kind === 'catalog' || (request.kind === 'tags' && ports.filtersTags())
}

interface ListExchange {
  readonly identified: Identified
  readonly request: FilteredList
  /** Awaited before the answer goes out. */
  readonly beforeEnd: (transfer: Transfer) => Promise<void>
}

/** Answers a list with what the subject may pull of it. @throws OciError 400, UpstreamUnavailable */
export async function sendList(
  context: AuthorizationContext,
  { identified, request, beforeEnd }: ListExchange,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
): Promise<Transfer> {
  const reply = await listed(context, identified, request)
  const transferOf = (complete: boolean): Transfer => ({
    status: reply.status,
    complete,
    bytesIn: 0,
    bytesOut: complete ? Buffer.byteLength(reply.body) : 0,
  })
  await beforeEnd(transferOf(true))
  await sendReply(req, res, reply)
  return transferOf(res.writableFinished)
}

function listed(
  context: AuthorizationContext,
  identified: Identified,
  request: FilteredList,
): Promise<Reply> {
  const { listPage, listCursor: cursor } = context.ports
  const mayPull = async (name: string, tag?: string) => {
    const access = { type: 'repository', name, actions: ['pull'] }
    return (
      (await decideOn(context, identified, { access, ...(tag === undefined ? {} : { tag }) })).denied
        .length === 0
    )
  }
  const common = { cursor, now: () => performance.now() }
  if (request.kind === 'catalog') {
    const catalogPage = (ask: ListAsk) => listPage({ kind: 'catalog' }, ask)
    return listCatalog({ ...common, catalogPage, mayPull: name => mayPull(name) }, request.page)
  }
  const tagsPage = (name: string, ask: ListAsk) => listPage({ kind: 'tags', name }, ask)
  return listTags({ ...common, tagsPage, mayPullTag: mayPull }, { name: request.name, page: request.page })
}
