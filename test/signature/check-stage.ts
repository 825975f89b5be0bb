import type { FetchContent } from '../../src/model/signature.ts'
import type { KeySet } from '../../src/signature/key-set.ts'
import { createSignatureCheck } from '../../src/signature/signature-check.ts'
import { createSigner, payloadFor, signatureEntries, signText } from './self-signed.ts'

export const MINUTE_MS = 60_000
export const NAME = 'prod/api'
/** The one who is trusted. */
export const alice = createSigner()
export const mallory = createSigner()

/** A check over contents that the test may change, with a clock of its own. */
export function createStage(initial: Readonly<Record<string, string>> = {}) {
  const contents = new Map(Object.entries(initial))
  const stage = { now: 1_000_000, asked: 0, fault: undefined as Error | undefined }
  const fetch: FetchContent = async ({ name, kind, reference }) => {
    stage.asked += 1
    if (stage.fault !== undefined) throw stage.fault
    const text = contents.get(`${name} ${kind} ${reference}`)
    return text === undefined ? undefined : Buffer.from(text)
  }
  const check = createSignatureCheck({ fetch, clock: () => stage.now })
  const outcome = async (digest: string, keys: KeySet = alice.keys, name = NAME) =>
    (await check({ name, digest, keys })).outcome
  return { stage, contents, check, outcome }
}

/** What makes `digest` signed. */
export function signedBy(digest: string, signer = alice, name = NAME): Readonly<Record<string, string>> {
  const payload = payloadFor(digest)
  return signatureEntries(name, digest, [{ payload, signature: signText(signer, payload) }])
}
