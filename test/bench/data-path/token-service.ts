import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import bcrypt from 'bcryptjs'
import { SAMPLE } from '../../support/landwaiter.ts'
import { landwaiterConfig, tokenPath } from './landwaiter-config.ts'
import type { LoadResult } from './load-process.ts'
import { type Load, type SmallRequest, smallLoad } from './small-load.ts'
import { type LandwaiterDoor, startLandwaiter } from './start-landwaiter.ts'
import type { TestBed } from './test-bed.ts'

const PASSWORD = 'a password for the bench'
const HOOK = pathToFileURL(join(import.meta.dirname, 'loop-delay-hook.ts')).href

/** Users by cost of their hash: more than are asked for in all rounds together, so that each password is cold once. */
const USERS: Readonly<Record<number, number>> = { 5: 12_000, 10: 2_000, 12: 400 }

/** A landwaiter with many users, asked for tokens, and what tells how late its event loop is. */
export interface TokenService {
  readonly door: LandwaiterDoor
  /** Asks for a token of one user over and over. */
  warm(cost: number, load: Load): Promise<LoadResult>
  /** Asks for a token of another user each time, none of whom has been asked for before. Throws when they run out. */
  cold(cost: number, load: Load): Promise<LoadResult>
}

/** Starts that landwaiter; it ends with the scope of the test bed. */
export async function startTokenService({ scope, directory, setting }: TestBed): Promise<TokenService> {
  const users = Object.entries(USERS).flatMap(([cost, count]) => {
    const password = hashOf(Number(cost))
    return Array.from({ length: count }, (_, index) => [userName(Number(cost), index), { password }])
  })
  const door = await startLandwaiter(scope, join(directory, 'landwaiter-tokens'), {
    config: { ...landwaiterConfig(setting), users: { ...SAMPLE.users, ...Object.fromEntries(users) } },
    nodeOptions: ['--import', HOOK],
  })
  const next = new Map<number, number>()
  return {
    door,
    warm: (cost, load) => smallLoad(door, [requestOf(userName(cost, 0))], load),
    cold: async (cost, load) => {
      const first = next.get(cost) ?? 1
      const [user, ...others] = Array.from({ length: (USERS[cost] ?? 0) - first }, (_, index) =>
        requestOf(userName(cost, first + index)),
      )
      if (user === undefined)
        throw new Error('there are no users left that were not asked for: take fewer rounds')
      const result = await smallLoad(door, [user, ...others], load)
      if (result.requests > others.length) throw new Error('not all passwords were cold: take fewer rounds')
      next.set(cost, first + result.requests)
      return result
    },
  }
}

/** The hash of a cost that all its users share, and their password. */
export function credentialsOf(cost: number): { readonly hash: string; readonly password: string } {
  return { hash: hashOf(cost), password: PASSWORD }
}

const hashes = new Map<number, string>()

function hashOf(cost: number): string {
  const hash = hashes.get(cost) ?? bcrypt.hashSync(PASSWORD, cost)
  hashes.set(cost, hash)
  return hash
}

function userName(cost: number, index: number): string {
  return `cost-${cost}-user-${index}`
}

function requestOf(user: string): SmallRequest {
  const credentials = Buffer.from(`${user}:${PASSWORD}`).toString('base64')
  return {
    method: 'GET',
    path: tokenPath('repository:public/app:pull'),
    headers: [`Authorization: Basic ${credentials}`],
  }
}
