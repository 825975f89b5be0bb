// The thread's own file: one question in, one boolean out. Started by password-thread.ts only.
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

parentPort?.on('message', ({ hash, password }: { readonly hash: string; readonly password: string }) => {
  parentPort?.postMessage(compareSync(password, hash))
})
