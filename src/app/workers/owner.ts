import type { Channel } from '../../threads/channel.ts'
import type { OwnerCalls } from './worker-calls.ts'

/** The thread that owns the state, as a worker sees it. */
export type Owner = Channel<OwnerCalls>
