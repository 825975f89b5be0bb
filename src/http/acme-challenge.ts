import type { RequestListener } from 'node:http'
import { sendReply } from './reply.ts'

const PATH = '/.well-known/acme-challenge/'

/**
 * Answers http-01 (RFC 8555 §8.3) and leaves every other request to `next`. `answerTo` gives the key authorization of
 * a token; it must take any text. The Host is not looked at: only a token of ours has an answer.
 */
export function createAcmeChallenge(
  answerTo: (token: string) => Promise<string | undefined>,
  next: RequestListener,
): RequestListener {
  return (req, res) => {
    const { method, url = '' } = req
    if (!url.startsWith(PATH) || (method !== 'GET' && method !== 'HEAD')) return next(req, res)
    answerTo(url.slice(PATH.length)).then(
      answer => sendReply(req, res, answerOf(answer)),
      () => sendReply(req, res, { status: 503, body: 'the challenge cannot be read\n' }),
    )
  }
}

function answerOf(answer: string | undefined) {
  const headers = { connection: 'close' }
  if (answer === undefined) return { status: 404, body: 'there is no such challenge\n', headers }
  return { status: 200, body: answer, type: 'application/octet-stream', headers }
}
