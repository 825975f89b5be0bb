import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Peer } from '../model/exchange.ts'
import { requiredAccess, upstreamAccess } from '../oci/access.ts'
import { rememberRequests } from '../oci/remembered-requests.ts'
import { denyUnlessGranted, requireIdentity } from './authorize.ts'
import { endOfTurn } from './end-of-turn.ts'
import { sendFailure } from './failure.ts'
import { guardRights } from './guard-rights.ts'
import { forwardGuarded } from './guarded-forward.ts'
import { withPermittedMount } from './mount.ts'
import { pushedMediaType } from './pushed-media-type.ts'
import { createRecorder } from './recorder.ts'
import type { RegistryPorts } from './registry-ports.ts'
import { requireAuditLog } from './require-audit-log.ts'
import { isFilteredList, sendList } from './send-list.ts'
import { createSignatureGuard } from './signature-guard.ts'

/**
 * The handler of everything under `/v2`: one request in one straight line, one audit record on every way out.
 * Resolves, when the answer is out, with the bytes of both bodies.
 */
export function createRegistryHandler(
  ports: RegistryPorts,
): (
  req: IncomingMessage,
  res: ServerResponse,
  peer: Peer,
) => Promise<{ readonly bytesIn: number; readonly bytesOut: number }> {
  const parseRequest = rememberRequests()
  return async (req, res, peer) => {
    const recorder = createRecorder(ports, peer)
    try {
      const parsed = parseRequest(peer.method, req.url ?? '')
      recorder.note({ request: parsed })
      const context = { ports, peer, request: parsed, access: requiredAccess(parsed) }
      const found = await ports.identify(req.headers.authorization, peer.certificate)
      recorder.noteIdentification(found)
      const identified = await requireIdentity(context, found)
      const decision = await denyUnlessGranted(context, identified)
      const request = await withPermittedMount(context, identified)
      recorder.note({ request, rule: decision.rule, ...pushedMediaType(req, request) })
      await requireAuditLog(ports, request)
      const account = identified.identity.subject.name
      const requireSigned = createSignatureGuard(ports, { request, account, req, res })
      const transfer = isFilteredList(ports, request)
        ? await sendList(context, { identified, request, beforeEnd: recorder.transferred }, { req, res })
        : await forwardGuarded(ports, {
            req,
            res,
            peer,
            request,
            access: upstreamAccess(request),
            identity: identified.identity,
            isTokenExpired: identified.expired,
            ...ports.imageSizes.watch(request, recorder.note),
            ...guardRights(context, identified),
            note: recorder.note,
            beforeAnswer: async head => {
              await requireSigned?.(head)
              await recorder.answering(head)
              await endOfTurn()
            },
            beforeEnd: recorder.transferred,
          })
      await recorder.transferred(transfer)
    } catch (error) {
      const failure = await recorder.failed(error)
      await sendFailure(req, res, failure)
    }
    return recorder.bytes()
  }
}
