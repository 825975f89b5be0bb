import type { ClientCertificate } from '../model/client-certificate.ts'
import type { Decision, Question } from '../model/decision.ts'
import type { Peer, RegistryExchange, Transfer } from '../model/exchange.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { ForwardOptions } from './forward-options.ts'
import type { GuardedForwardPorts } from './guarded-forward.ts'
import type { Identification } from './identification.ts'
import type { ImageSizes } from './image-sizes.ts'
import type { ListPorts } from './list-ports.ts'
import type { SignatureGuardPorts } from './signature-guard.ts'
import type { UploadSessions } from './upload-sessions.ts'

/** Everything that `/v2` needs; a test passes closures. */
export interface RegistryPorts extends ListPorts, SignatureGuardPorts, GuardedForwardPorts {
  readonly clock: Clock
  readonly log: Log
  readonly uploads: UploadSessions
  readonly imageSizes: ImageSizes
  /** @throws AuthnUnavailable when a backend cannot tell. */
  readonly identify: (
    authorization: string | undefined,
    certificate: ClientCertificate | undefined,
  ) => Promise<Identification>
  /** @throws AuthzUnavailable when an authorizer cannot tell. */
  readonly decide: (question: Question) => Decision | Promise<Decision>
  readonly service: () => string
  /** Denied reads of those who are logged in look as if nothing were there. */
  readonly hideUnauthorized: () => boolean
  /** The URL of the token realm for a client that came to `peer.host`. */
  readonly realm: (peer: Peer) => string
  /** @throws UpstreamUnavailable before the answer's head. */
  readonly forward: (options: ForwardOptions) => Promise<Transfer>
  /** @throws AuditUnwritable */
  readonly audit: (exchange: RegistryExchange) => Promise<void>
  /** Why a request must not be let in while the audit log cannot be written. */
  readonly auditRefusal: (request: 'read' | 'write') => string | undefined | Promise<string | undefined>
}
