import { once } from 'node:events'
import t, { type Test } from 'tap'
import { connectHttp2, readHttp2 } from '../support/http2-client.ts'
import { basic } from '../support/landwaiter.ts'
import { type LandwaiterProcess, startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { startStandIn } from '../support/stand-in-registry.ts'

const AUTHORIZATION = { authorization: basic('admin') }
const BLOB = `/v2/dev/x/blobs/sha256:${'a'.repeat(64)}`

/** A landwaiter whose registry sends half a blob, and the other half when told. */
async function openSite(
  t: Test,
  shutdownTimeout: string,
): Promise<{ readonly landwaiter: LandwaiterProcess; readonly release: () => void }> {
  const released = Promise.withResolvers<void>()
  const { upstream } = await startStandIn(t, ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ')
    void released.promise.then(() => socket.write('whole'))
  })
  const landwaiter = await startLandwaiterProcess(t, {
    listen: { https: '127.0.0.1:0', http: 'off', admin: '127.0.0.1:0', h2: true },
    registry: { upstream, auth: 'none' },
    limits: { shutdown_timeout: shutdownTimeout },
  })
  return { landwaiter, release: () => released.resolve() }
}

t.test('SIGTERM tells the clients to go away and lets running streams end', async t => {
  const { landwaiter, release } = await openSite(t, '30s')
  const session = await connectHttp2(t, landwaiter)
  const idle = await connectHttp2(t, landwaiter)
  const download = session.request({ ':path': BLOB, ...AUTHORIZATION })
  await once(download, 'response')
  const answer = readHttp2(download)
  const goodbyes = Promise.all([once(session, 'goaway'), once(idle, 'close')])
  process.kill(landwaiter.pid, 'SIGTERM')
  await goodbyes
  release()
  t.equal((await answer).body.toString(), 'half whole')
  t.equal(await landwaiter.exited, 0)
  t.match(
    landwaiter.audit().map(({ action, outcome }) => `${action} ${outcome}`),
    ['server.start success', 'pull success', 'server.stop success'],
  )
  t.notMatch(landwaiter.output(), /"level":"(?:warn|error)"/)
})

t.test('streams that run at the deadline are cut and counted', async t => {
  const { landwaiter } = await openSite(t, '300ms')
  const session = await connectHttp2(t, landwaiter)
  const downloads = [1, 2].map(() => session.request({ ':path': BLOB, ...AUTHORIZATION }))
  for (const download of downloads) {
    download.on('error', () => undefined).resume()
  }
  await Promise.all(downloads.map(download => once(download, 'response')))
  process.kill(landwaiter.pid, 'SIGTERM')
  t.equal(await landwaiter.exited, 1)
  t.strictSame(
    landwaiter.audit().map(({ action, outcome }) => `${action} ${outcome}`),
    ['server.start success', 'pull aborted', 'pull aborted', 'server.stop success'],
  )
  t.match(landwaiter.output(), /cut at the end of the shutdown time".*"requests":2/)
})
