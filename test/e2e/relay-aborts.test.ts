import { readdirSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { basic } from '../support/landwaiter.ts'
import { type LandwaiterProcess, startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { chunk, connectRaw, type RawClient, requestHead } from '../support/raw-client.ts'
import { resetSocket } from '../support/reset-socket.ts'
import { startStandIn, type WireRequest } from '../support/stand-in-registry.ts'
import { waitFor } from '../support/wait-for.ts'

const KIB = 1024
const MIB = 1024 * KIB
const TOTAL = 3 * MIB
/** More than what lies in the buffers between both ends. */
const LONG = 24 * MIB
const CONTENT = Buffer.alloc(LONG, 'x')
const ABORTS = 200
const LANES = 10
/** What a landwaiter may have more in memory after all of it. */
const GROWTH = 100 * MIB
const AUTHORIZATION = `Authorization: ${basic('admin')}`

const KINDS = [
  'client leaves download',
  'client leaves upload',
  'registry leaves download',
  'registry leaves upload',
] as const

/** One transfer that is broken off after so many bytes of its body; `id` is its digest or session. */
interface Abort {
  readonly kind: (typeof KINDS)[number]
  readonly id: string
  readonly after: number
  readonly isReset: boolean
  readonly isChunked: boolean
}

/** Bytes that the registry got of each upload, with their chunks. */
const uploaded = new Map<string, number>()
const random = seeded(20_261_125)

t.test('200 transfers broken off anywhere leave nothing behind but their lines', async t => {
  const byId = new Map<string, Abort>()
  const connections = new Set<Socket>()
  const { upstream } = await startStandIn(t, request => {
    connections.add(request.socket)
    request.socket.once('close', () => connections.delete(request.socket))
    serve(request, byId)
  })
  const landwaiter = await startLandwaiterProcess(t, { registry: { upstream, auth: 'none' } })
  await run(t, landwaiter, byId, aborts('warm', LANES))
  const before = await settled(landwaiter)
  const heldBefore = connections.size
  await run(t, landwaiter, byId, aborts('cold', ABORTS))
  const after = await settled(landwaiter)
  t.ok(after.files <= before.files + 2, `${before.files} open files, then ${after.files}`)
  t.ok(
    connections.size <= heldBefore + LANES,
    `${heldBefore} connections to the registry, then ${connections.size}`,
  )
  t.ok(after.resident - before.resident < GROWTH, `${before.resident} bytes, then ${after.resident}`)
  const lines = await waitFor('a line for each', () => {
    const found = landwaiter.audit().filter(({ action }) => action === 'pull' || action === 'push')
    return found.length >= LANES + ABORTS && found
  })
  t.equal(lines.length, LANES + ABORTS)
  for (const abort of [...byId.values()]) expectLine(t, landwaiter, abort)
  t.notMatch(landwaiter.output(), /Error \[|Unhandled|assert/)
})

function aborts(phase: string, count: number): readonly Abort[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = KINDS[index % KINDS.length] ?? KINDS[0]
    const number = `${phase === 'warm' ? 1 : 2}${String(index).padStart(11, '0')}`
    return {
      kind,
      id: kind.endsWith('download')
        ? `sha256:${number.padStart(64, '0')}`
        : `11111111-1111-1111-1111-${number}`,
      after: random(TOTAL - 1),
      isReset: random(2) === 0,
      isChunked: random(2) === 0,
    }
  })
}

async function run(
  t: Test,
  landwaiter: LandwaiterProcess,
  byId: Map<string, Abort>,
  list: readonly Abort[],
): Promise<void> {
  for (const abort of list) byId.set(abort.id, abort)
  const left = [...list]
  const lane = async () => {
    for (let abort = left.shift(); abort !== undefined; abort = left.shift()) {
      const client = await connectRaw(t, landwaiter, { read: false })
      if (abort.kind.endsWith('download')) await download(client, landwaiter, abort)
      else await upload(client, landwaiter, abort)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

async function download(
  { socket, closed }: RawClient,
  { host }: LandwaiterProcess,
  abort: Abort,
): Promise<void> {
  let arrived = 0
  socket.on('data', (piece: Buffer) => {
    arrived += piece.length
    if (abort.kind === 'client leaves download' && arrived > abort.after) leave(socket, abort)
  })
  socket.write(requestHead(`GET /v2/dev/x/blobs/${abort.id}`, `Host: ${host}`, AUTHORIZATION))
  await closed
  socket.destroy()
}

async function upload(
  { socket, closed }: RawClient,
  { host }: LandwaiterProcess,
  abort: Abort,
): Promise<void> {
  const framing = abort.isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${TOTAL}`
  let isOver = false
  void closed.then(() => {
    isOver = true
  })
  socket.resume()
  socket.write(
    requestHead(
      `PATCH /v2/dev/x/blobs/uploads/${abort.id}`,
      `Host: ${host}`,
      AUTHORIZATION,
      framing,
      'Connection: close',
    ),
  )
  const bytes = abort.kind === 'client leaves upload' ? abort.after : TOTAL
  for (let sent = 0; sent < bytes && !isOver; sent += 64 * KIB) {
    const piece = Buffer.alloc(Math.min(64 * KIB, bytes - sent), 'x')
    const drained = socket.write(abort.isChunked ? chunk(piece) : piece)
    if (!drained) await Promise.race([new Promise(resolve => socket.once('drain', resolve)), closed])
  }
  if (abort.kind === 'client leaves upload') {
    await new Promise(resolve => socket.write('', resolve))
    leave(socket, abort)
  }
  await closed
  socket.destroy()
}

/** The registry's part; unlike a real one it leaves wherever it is told. */
function serve({ head, early, socket, next }: WireRequest, byId: ReadonlyMap<string, Abort>): void {
  const abort = byId.get(/(sha256:[0-9a-f]{64}|1{8}-[0-9-]{27})/.exec(head)?.[1] ?? '')
  if (abort === undefined) {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    next(early)
  } else if (abort.kind.endsWith('upload')) takeUpload(socket, early, abort)
  else giveDownload(socket, abort)
}

function giveDownload(socket: Socket, abort: Abort): void {
  const total = abort.kind === 'client leaves download' ? LONG : TOTAL
  const bytes = abort.kind === 'client leaves download' ? LONG : abort.after
  const framing = abort.isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${total}`
  socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`)
  if (abort.isChunked) socket.write(`${total.toString(16)}\r\n`)
  socket.write(CONTENT.subarray(0, bytes), () => {
    if (abort.kind === 'registry leaves download') leave(socket, abort)
  })
}

function takeUpload(socket: Socket, early: Buffer, abort: Abort): void {
  let arrived = early.length
  const look = () => {
    if (abort.kind === 'registry leaves upload' && arrived >= abort.after) leave(socket, abort)
  }
  socket.on('data', piece => {
    arrived += piece.length
    uploaded.set(abort.id, arrived)
    look()
  })
  look()
}

function leave(socket: Socket, { isReset }: Abort): void {
  // What a client has not read resets its connection all the same.
  if (isReset && !(socket instanceof TLSSocket)) resetSocket(socket)
  else socket.destroy()
}

function expectLine(t: Test, landwaiter: LandwaiterProcess, { kind, id, after, isChunked }: Abort): void {
  const line = landwaiter.audit().find(entry => JSON.stringify(entry).includes(id))
  if (kind.endsWith('download')) {
    const reason = kind.startsWith('registry')
      ? 'the registry broke off'
      : "the client's connection was closed"
    t.match(line, { action: 'pull', outcome: 'aborted', status: 200, reason }, `${kind} after ${after}`)
    const sent = line?.bytes_out ?? -1
    t.ok(
      sent <= (kind.startsWith('registry') ? after : LONG) && sent >= 0,
      `${sent} bytes of ${after}: ${kind}`,
    )
  } else if (kind.startsWith('client')) {
    t.match(line, { action: 'push', outcome: 'aborted', status: 499 }, `${kind} after ${after}`)
    const taken = line?.bytes_in ?? 0
    const arrived = isChunked ? 0 : (uploaded.get(id) ?? 0)
    t.ok(
      taken <= after && taken >= arrived,
      `${taken} bytes of ${after}, ${arrived} at the registry: ${kind}`,
    )
  } else {
    t.match(line, { action: 'push', outcome: 'failed', status: 503 }, `${kind} after ${after}`)
  }
}

interface Held {
  readonly files: number
  readonly resident: number
}

/** Open files and memory of the process once they no longer shrink. */
async function settled({ pid }: LandwaiterProcess): Promise<Held> {
  const look = (): Held => ({
    files: readdirSync(`/proc/${pid}/fd`).length,
    resident: Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * KIB,
  })
  let last = look()
  let steady = 0
  return waitFor('rest', () => {
    const now = look()
    steady = now.files === last.files ? steady + 1 : 0
    last = now
    return steady > 20 && now
  })
}

/** Whole numbers below a bound, the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
