import { join } from 'node:path'
import { runCommand } from '../../support/run-command.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Server } from './server.ts'
import type { LandwaiterDoor } from './start-landwaiter.ts'
import type { TestBed } from './test-bed.ts'
import { credentialsOf, startTokenService, type TokenService } from './token-service.ts'
import type { Figures, Workload } from './workload.ts'

const RATE = 'tokens/s'
const LOOP_DELAY = 'largest loop delay ms'
const LOAD = { connections: 32, seconds: 2 }
const LOGINS = 8
const LOOP_COST = 12
/** Long enough to ask one thing on each connection. */
const ONCE_SECONDS = 0.001

const WARM_TARGETS: readonly (readonly [cost: number, target: string])[] = [
  [5, '≥ 15'],
  [10, '≥ 200'],
]

/**
 * The token endpoint of landwaiter. What stands in for `direct`, and what ratios are to, is bcrypt on every request:
 * bcryptjs in a loop, in one thread, with nothing around it.
 */
export function tokenWorkloads(bed: TestBed): readonly Workload[] {
  let started: Promise<TokenService> | undefined
  const service = () => {
    started ??= startTokenService(bed)
    return started
  }
  const prepare = async () => void (await service())
  const workload = (warmth: 'warm' | 'cold', cost: number, target?: string): Workload => ({
    name: `token, ${warmth} password, cost ${cost}`,
    metrics: [{ name: RATE, ...(target === undefined ? {} : { target }) }],
    servers: ['landwaiter', 'direct'],
    against: 'direct',
    prepare,
    run: async ({ name }: Server): Promise<Figures> => {
      if (name === 'direct') return { [RATE]: await comparisons(cost) }
      const { requests, seconds } = await (await service())[warmth](cost, LOAD)
      return { [RATE]: requests / seconds }
    },
  })
  return [
    ...WARM_TARGETS.flatMap(([cost, target]) => [workload('warm', cost, target), workload('cold', cost)]),
    {
      name: `${LOGINS} logins at cost ${LOOP_COST}`,
      metrics: [{ name: LOOP_DELAY, target: '≤ 15 ms' }],
      servers: ['landwaiter'],
      prepare,
      run: async () => ({ [LOOP_DELAY]: await loopDelay(await service()) }),
    },
  ]
}

/** Comparisons with a bcrypt hash per second, in a process of their own. */
async function comparisons(cost: number): Promise<number> {
  const { hash, password } = credentialsOf(cost)
  const script = join(import.meta.dirname, 'bcrypt-process.ts')
  const args = [script, hash, password, String(LOAD.seconds)]
  const { code, stdout, stderr } = await runCommand(process.execPath, args)
  if (code !== 0) throw new Error(`bcrypt: ${stderr}`)
  return Number(stdout)
}

/** In ms, while logins are under way whose passwords are cold. */
async function loopDelay(service: TokenService): Promise<number> {
  await readDelay(service.door)
  await service.cold(LOOP_COST, { connections: LOGINS, seconds: ONCE_SECONDS })
  return readDelay(service.door)
}

/** What loop-delay-hook.ts tells. */
async function readDelay({ pids, output }: LandwaiterDoor): Promise<number> {
  const told = () => [...output().matchAll(/^largest delay: (\S+) ms$/gm)].map(([, text]) => Number(text))
  const { length } = told()
  for (const pid of pids) process.kill(pid, 'SIGUSR2')
  const [delay] = await waitFor('the delay', () => (told().length > length ? told().slice(-1) : undefined))
  return delay ?? Number.NaN
}
