// A worker's own file, started by worker-pool.ts only.
import { parentPort, workerData } from 'node:worker_threads'
import { createChannel } from '../../threads/channel.ts'
import type { Owner } from './owner.ts'
import { createWorkerAnswers } from './worker-answers.ts'
import type { OwnerCalls } from './worker-calls.ts'

if (parentPort === null) throw new TypeError('a worker is started as a thread')
const answers = createWorkerAnswers(workerData, () => owner)
const owner: Owner = createChannel<OwnerCalls>(parentPort, { ...answers })
