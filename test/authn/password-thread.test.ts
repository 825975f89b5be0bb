import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import bcrypt from 'bcryptjs'
import t from 'tap'
import { createPasswordThread } from '../../src/authn/password-thread.ts'
import { Secret } from '../../src/model/secret.ts'

const SCRIPT = new URL('../../src/authn/password-worker.ts', import.meta.url)

t.test('ends when nobody logs in, and starts again for the next login', async t => {
  const started: Worker[] = []
  const onWorker = (worker: Worker) => started.push(worker)
  process.on('worker', onWorker)
  t.teardown(() => process.off('worker', onWorker))
  const thread = createPasswordThread({ script: SCRIPT, timeoutMs: 60_000, idleMs: 1 })
  t.teardown(() => thread.stop())
  const hash = new Secret(bcrypt.hashSync('right', 4))
  t.equal(await thread.check(hash, new Secret('right')), true)
  const [first] = started
  if (first === undefined) throw new Error('no thread was started')
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  await once(first, 'exit')
  t.equal(await thread.check(hash, new Secret('wrong')), false)
  t.equal(started.length, 2)
})
