import type { AuditAction, AuditEvent, AuditOutcome } from '../model/audit-event.ts'
import type { RegistryExchange, Transfer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { isIndexMediaType } from '../oci/media-type.ts'
import { tagSubject } from '../oci/tag-subject.ts'
import { defined } from './event-base.ts'

/** What was done to what: the part of an event that the request and its answer decide. */
export type Operation = Pick<AuditEvent, 'action' | 'kind'> &
  Partial<
    Pick<
      AuditEvent,
      | 'repository'
      | 'tag'
      | 'digest'
      | 'previous_digest'
      | 'removed_tags'
      | 'from'
      | 'media_type'
      | 'subject'
      | 'size'
      | 'image_size'
    >
  >

type Of<K extends RegistryRequest['kind']> = Extract<RegistryRequest, { readonly kind: K }>

/**
 * The operation of an exchange whose outcome is `outcome`; targets that did not parse are told by method and path.
 * Only what the answer vouches for is taken from it: nothing of an error's body.
 */
export function operationOf(exchange: RegistryExchange, outcome: AuditOutcome): Operation {
  const { request } = exchange
  switch (request?.kind) {
    case undefined:
      return unparsedOperation(exchange)
    case 'ping':
      return { action: isRefusedLogin(exchange, outcome) ? 'login' : 'check', kind: 'session' }
    case 'catalog':
      return { action: 'list', kind: 'catalog' }
    case 'tags':
      return { action: 'list', kind: 'tags', repository: request.name }
    case 'referrers':
      return { action: 'list', kind: 'referrers', repository: request.name, digest: request.digest }
    case 'manifest':
      return manifestOperation(request, exchange)
    case 'blob':
      return blobOperation(request, exchange, outcome)
    case 'upload':
      return uploadOperation(request, exchange, outcome)
  }
}

/** A bare challenge names no rule; a refused proof does. */
function isRefusedLogin(exchange: RegistryExchange, outcome: AuditOutcome): boolean {
  return outcome === 'denied' && exchange.identity === undefined && exchange.rule !== undefined
}

function manifestOperation(request: Of<'manifest'>, exchange: RegistryExchange): Operation {
  const { name, reference } = request
  const target =
    reference.kind === 'tag'
      ? { tag: reference.tag, ...defined({ digest: answerOf(exchange)?.digest }) }
      : { digest: reference.digest }
  const common = { repository: name, ...target }
  switch (request.verb) {
    case 'delete':
      return {
        action: 'delete',
        kind: reference.kind === 'tag' ? 'tag' : 'manifest',
        ...common,
        ...previous(exchange),
        ...defined({ removed_tags: exchange.removedTags }),
      }
    case 'write':
      return pushOperation(common, exchange)
    case 'check':
      return {
        action: 'check',
        ...mediaTypeFields(answerOf(exchange)?.mediaType),
        ...common,
        ...wholeSize(exchange),
      }
    case 'read':
      return {
        action: 'pull',
        ...mediaTypeFields(answerOf(exchange)?.mediaType),
        ...common,
        ...wholeSize(exchange),
        ...defined({ image_size: exchange.imageSize }),
      }
  }
}

/** Only a tag can be overwritten; pushing what it already points to is a push. */
function pushOperation(
  target: Pick<Operation, 'repository' | 'tag' | 'digest'>,
  exchange: RegistryExchange,
): Operation {
  const replaced = target.tag === undefined ? {} : previous(exchange)
  const isOverwrite = replaced.previous_digest !== undefined && replaced.previous_digest !== target.digest
  const answer = answerOf(exchange)
  return {
    action: isOverwrite ? 'overwrite' : 'push',
    ...mediaTypeFields(exchange.pushedMediaType),
    ...target,
    ...(isOverwrite ? replaced : {}),
    ...defined({
      subject: exchange.manifestSubject ?? (target.tag === undefined ? undefined : tagSubject(target.tag)),
      size: answer?.complete === true ? answer.bytesIn : undefined,
      image_size: exchange.imageSize,
    }),
  }
}

/** What the registry's answer vouches for, even if its body was cut short. */
function answerOf({ status, transfer }: RegistryExchange): Transfer | undefined {
  return status < 400 ? transfer : undefined
}

function previous({ previousDigest }: RegistryExchange): Pick<Operation, 'previous_digest'> {
  return defined({ previous_digest: previousDigest })
}

/** Only a push asks whether a blob is there, and skopeo ends it when that is denied. */
function blobOperation(
  { verb, name, digest }: Of<'blob'>,
  exchange: RegistryExchange,
  outcome: AuditOutcome,
): Operation {
  const checked = outcome === 'denied' ? 'push' : 'check'
  const action = ({ check: checked, read: 'pull', delete: 'delete' } as const)[verb]
  return { action, kind: 'blob', repository: name, digest, ...(verb === 'delete' ? {} : wholeSize(exchange)) }
}

/**
 * A blob is pushed by the request that completes it, or by any that was stopped; the successful steps before are
 * steps of a session.
 */
function uploadOperation(
  request: Of<'upload'>,
  exchange: RegistryExchange,
  outcome: AuditOutcome,
): Operation {
  const repository = request.name
  const answer = answerOf(exchange)
  const isComplete = exchange.status === 201
  const kind = outcome === 'success' && !isComplete ? 'session' : 'blob'
  switch (request.verb) {
    case 'status':
      return { action: 'check', kind: 'session', repository }
    case 'append':
    case 'commit':
    case 'cancel':
      return {
        action: 'push',
        kind,
        repository,
        ...defined({
          digest: request.query.digest ?? answer?.digest,
          size: isComplete ? answer?.size : undefined,
        }),
      }
    case 'start': {
      const size = isComplete ? answer?.bytesIn : undefined
      if (request.mount === undefined) {
        return { action: 'push', kind, repository, ...defined({ digest: request.digest, size }) }
      }
      return { action: isComplete ? 'mount' : 'push', kind, repository, ...request.mount }
    }
  }
}

const ACTION_OF_METHOD: Readonly<Record<string, AuditAction>> = {
  GET: 'pull',
  HEAD: 'check',
  PUT: 'push',
  POST: 'push',
  PATCH: 'push',
  DELETE: 'delete',
}

/** The nearest words for a target that is outside the grammar; `path` in the line says the rest. */
function unparsedOperation({ peer: { method, path } }: RegistryExchange): Operation {
  const action = ACTION_OF_METHOD[method]
  const noun = /\/(manifest|blob)s\//.exec(path)?.[1]
  if (action === undefined || noun === undefined) return { action: 'check', kind: 'session' }
  return { action, kind: noun === 'blob' ? 'blob' : 'manifest' }
}

function mediaTypeFields(mediaType: string | undefined): Pick<Operation, 'kind' | 'media_type'> {
  if (mediaType === undefined) return { kind: 'manifest' }
  const essence = mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return { kind: isIndexMediaType(essence) ? 'index' : 'manifest', media_type: essence }
}

/** The declared length is the object's size only in a whole answer: not in a range, a redirect or an error. */
function wholeSize({ status, transfer }: RegistryExchange): Pick<Operation, 'size'> {
  return defined({ size: status === 200 ? transfer?.size : undefined })
}
