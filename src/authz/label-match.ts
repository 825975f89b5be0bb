import type { Labels } from '../model/subject.ts'

/** docker_auth's Casbin function: whether `have` has every value of every label of `want`. */
export function labelMatch(have: Labels, want: Labels): boolean {
  return Object.entries(want).every(([key, values]) => {
    const present = (Object.hasOwn(have, key) ? have[key] : undefined) ?? []
    return values.every(value => present.includes(value))
  })
}
