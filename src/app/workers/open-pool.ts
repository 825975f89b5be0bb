import type { CertificateMaterial } from '../../tls/fed-source.ts'
import type { Opened } from '../closers.ts'
import type { Live } from '../live.ts'
import type { Tls } from '../open-tls.ts'
import type { Parts } from '../parts.ts'
import { createLentLocks } from './lent-locks.ts'
import { createOwnerAnswers, probeResult } from './owner-answers.ts'
import { startWorker, type Worker } from './worker.ts'
import type { WorkerSetup } from './worker-calls.ts'
import { createWorkerPool, type WorkerPool } from './worker-pool.ts'

/** Starts the worker threads that a configuration asks for, which follow the certificates; `undefined` for one alone. */
export function openPool(parts: Parts, live: Live, opened: Opened): WorkerPool | undefined {
  const { loaded, log, tls, upstream } = parts
  const { workers: count } = loaded.config
  if (count === 1) return undefined
  const failure = Promise.withResolvers<void>()
  const onFault = (error: Error) => {
    log.error('a worker thread has failed; the process ends', { error })
    failure.resolve()
  }
  const setup = setupOf(parts)
  const workers: Worker[] = Array.from({ length: count }, (_, index) => {
    const locks = createLentLocks(parts.locks)
    return startWorker(setup, {
      answers: createOwnerAnswers(parts, live, {
        number: index + 1,
        locks,
        announce: change => pool.announce(change, workers[index]),
      }),
      onDeath: error => {
        locks.releaseAll()
        onFault(error)
      },
    })
  })
  const pool = createWorkerPool(workers, { failed: failure.promise, onFault })
  opened('worker threads', deadline => pool.close(deadline))
  tls?.options.onChange(() => pool.certificates(materialOf(tls)))
  upstream.probe.onResult(() => pool.probed(probeResult(parts)))
  return pool
}

function setupOf(parts: Parts): WorkerSetup {
  const { loaded, authority, version, key, address, listCursorKey, tls } = parts
  return {
    source: loaded.source(),
    keyTexts: authority.keyTexts,
    version,
    key,
    address,
    probe: probeResult(parts),
    listCursorKey,
    certificates: tls && materialOf(tls),
    clientCa: tls?.clientCa,
  }
}

function materialOf({ source, options }: Tls): CertificateMaterial {
  const pairs = source.pairs().map(({ certificate, key }) => ({ certificate, key: key.reveal() }))
  return { pairs, ticketKeys: options.ticketKeys() }
}
