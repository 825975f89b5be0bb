import type { ContentChange } from '../../content/freshness.ts'
import type { MetricsSnapshot } from '../../ops/metrics-snapshot.ts'
import type { CertificateMaterial } from '../../tls/fed-source.ts'
import type { CertificateControl } from '../certificate-control.ts'
import type { OpenPorts } from '../listener-set.ts'
import type { PublicAddresses } from '../public-listeners.ts'
import { claimAddresses } from './claim-addresses.ts'
import type { Worker } from './worker.ts'
import type { ProbeResult, SentConfig } from './worker-calls.ts'
import { WorkerFailed } from './worker-failed.ts'

/** The worker threads, from their owner. */
export interface WorkerPool {
  /** Opens the addresses in all of them; resolves to the ports. @throws ListenFailed, WorkerFailed */
  listen(addresses: PublicAddresses): Promise<OpenPorts>
  /** Opens a configuration in all or in none. @throws WorkerFailed */
  prepare(config: SentConfig): Promise<void>
  commit(): Promise<void>
  abandon(): Promise<void>
  certificates(material: CertificateMaterial): void
  /** The same, its results told when all workers serve them. */
  controlled(control: CertificateControl): CertificateControl
  probed(result: ProbeResult): void
  /** Resolves when all have heard it but the one that it comes from. Never rejects. */
  announce(change: ContentChange, from?: Worker): Promise<void>
  metrics(): Promise<readonly MetricsSnapshot[]>
  /** Resolves to how many requests were cut. */
  drain(deadlineMs: number): Promise<number>
  idle(): Promise<void>
  /** Ends the threads, orderly until the signal aborts. */
  close(deadline: AbortSignal): Promise<void>
  /** Resolves when a worker has died. */
  readonly failed: Promise<void>
}

/** `onFault` is called when a worker could not do what all must do. */
export function createWorkerPool(
  workers: readonly Worker[],
  { failed, onFault }: { readonly failed: Promise<void>; readonly onFault: (error: Error) => void },
): WorkerPool {
  let fed: Promise<unknown> = Promise.resolve()
  const alive = () => workers.filter(worker => worker.isAlive())
  /** Of those that died meanwhile nothing is expected any more. */
  const askLiving = async <T>(ask: (worker: Worker) => Promise<T>): Promise<readonly T[]> => {
    const asked = alive()
    const results = await Promise.allSettled(asked.map(ask))
    return results.flatMap((result, index) => {
      if (result.status === 'fulfilled') return [result.value]
      if (asked[index]?.isAlive() === true) throw new WorkerFailed(index + 1, result.reason)
      return []
    })
  }
  return {
    failed,
    async listen(addresses) {
      const claimed = await claimAddresses(addresses)
      const [ports = {}] = await askAll(workers, ({ channel }) => channel.ask('listen', claimed))
      return ports
    },
    async prepare(config) {
      try {
        await askAll(workers, ({ channel }) => channel.ask('prepare', config))
      } catch (error) {
        await Promise.allSettled(alive().map(({ channel }) => channel.ask('abandon')))
        throw error
      }
    },
    commit: () => askLiving(({ channel }) => channel.ask('commit')).then(ignore, onFault),
    abandon: () => askLiving(({ channel }) => channel.ask('abandon')).then(ignore, onFault),
    certificates(material) {
      fed = askLiving(({ channel }) => channel.ask('certificates', material)).catch(onFault)
    },
    controlled: ({ status, renew, revoke }) => ({
      status,
      renew: name => renew(name).finally(() => fed),
      revoke: (name, reason) => revoke(name, reason).finally(() => fed),
    }),
    probed(result) {
      for (const { channel } of workers) channel.tell('probed', result)
    },
    async announce(change, from) {
      const others = alive().filter(worker => worker !== from)
      await Promise.allSettled(others.map(({ channel }) => channel.ask('announced', change)))
    },
    metrics: () => askLiving(({ channel }) => channel.ask('metrics')),
    async drain(deadlineMs) {
      const cut = await askLiving(({ channel }) => channel.ask('drain', deadlineMs))
      return cut.reduce((sum, count) => sum + count, 0)
    },
    idle: () => askLiving(({ channel }) => channel.ask('idle')).then(ignore),
    async close(deadline) {
      const late = new Promise(resolve => deadline.addEventListener('abort', resolve, { once: true }))
      const closed = Promise.allSettled(alive().map(({ channel }) => channel.ask('close')))
      if (!deadline.aborted) await Promise.race([closed, late])
      await Promise.all(workers.map(worker => worker.end()))
    },
  }
}

/** @throws WorkerFailed for the first that fails, when all have answered. */
async function askAll<T>(
  workers: readonly Worker[],
  ask: (worker: Worker) => Promise<T>,
): Promise<readonly T[]> {
  const results = await Promise.allSettled(workers.map(ask))
  return results.map((result, index) => {
    if (result.status === 'rejected') throw new WorkerFailed(index + 1, result.reason)
    return result.value
  })
}

function ignore(): void {}
