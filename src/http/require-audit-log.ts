import { AuditUnwritable, OciError } from '../model/errors.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import type { RegistryPorts } from './registry-ports.ts'

const RETRY_SECONDS = '5'

/**
 * Lets a request in only when its line can be written, or a read's can wait in memory.
 * @throws OciError 503 `UNAVAILABLE`
 */
export async function requireAuditLog(
  { auditRefusal }: Pick<RegistryPorts, 'auditRefusal'>,
  request: RegistryRequest,
): Promise<void> {
  const access = isWrite(request) ? 'write' : 'read'
  const reason = await auditRefusal(access)
  if (reason === undefined) return
  const refused = access === 'write' ? 'pushes and deletes are' : 'all requests are'
  throw new OciError(
    'UNAVAILABLE',
    `the audit log cannot be written (${reason}), so ${refused} refused until it can`,
    {
      headers: { 'retry-after': RETRY_SECONDS },
      cause: new AuditUnwritable(reason),
    },
  )
}

function isWrite(request: RegistryRequest): boolean {
  switch (request.kind) {
    case 'manifest':
      return request.verb === 'write' || request.verb === 'delete'
    case 'blob':
      return request.verb === 'delete'
    case 'upload':
      return request.verb !== 'status'
    default:
      return false
  }
}
