import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { parse, stringify } from 'yaml'
import { BEARER, createHttpReceiver } from '../audit/sinks/http-receiver.ts'
import { startProcess } from '../support/background-process.ts'
import { basic, readAudit, startLandwaiter, type TestLandwaiter, writeConfig } from '../support/landwaiter.ts'
import { openPorts } from '../support/landwaiter-process.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

interface Addressed {
  readonly settings: { readonly type: string; readonly url: string }
}

/** As it stands in a configuration file. */
const sinkOf = ({ settings: { type, url } }: Addressed) => ({ type, url, headers: { Authorization: BEARER } })

/** Of every line, the log's own ones included. */
function numbersOf(file: string): readonly number[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line).seq)
}

function auditOf(t: Scope, ...sinks: readonly object[]) {
  const file = join(tempDir(t), 'audit.jsonl')
  return { file, config: { audit: { file, sinks } } }
}

const logIn = (lw: TestLandwaiter, user: string) =>
  lw.request('/auth', { headers: { authorization: basic(user) } })

async function admin(lw: Pick<TestLandwaiter, 'adminUrl'>, path: string) {
  const { statusCode, body } = await request(lw.adminUrl + path)
  return { status: statusCode, text: await body.text() }
}

t.test('every line of a run arrives, from the start to the stop, and is counted', async t => {
  const receiver = await createHttpReceiver(t, 'http')
  await receiver.start()
  const { file, config } = auditOf(t, sinkOf(receiver))
  const lw = await startLandwaiter(t, { config })
  await logIn(lw, 'developer')
  await waitFor('no lag', async () =>
    /landwaiter_audit_sink_lag_lines\{sink="http"\} 0\n/.test((await admin(lw, '/metrics')).text),
  )
  const { text } = await admin(lw, '/metrics')
  t.match(text, /landwaiter_audit_sink_sent_total\{sink="http"\} [1-9]/)
  t.match(text, /landwaiter_audit_sink_last_success_timestamp_seconds\{sink="http"\} 1\d{9}/)
  await lw.app.stop()
  const written = numbersOf(file)
  t.strictSame(written, upTo(4), 'server.start, token, server.stop, audit.checkpoint')
  t.strictSame(receiver.seen(), written)
})

t.test('a sink that fails is told, and keeps nobody from being served', async t => {
  const receiver = await createHttpReceiver(t, 'otlp')
  const { config } = auditOf(t, sinkOf(receiver))
  const lw = await startLandwaiter(t, { config })
  const verbose = await waitFor('the failure', async () => {
    const { text } = await admin(lw, '/readyz?verbose')
    return text.includes('[!]audit-sinks') ? text : undefined
  })
  t.match(verbose, /\[!\]audit-sinks ok, but otlp fails: .*ECONNREFUSED/)
  t.match(await admin(lw, '/metrics'), {
    text: /audit_sink_errors_total\{sink="otlp",reason="connect"\} [1-9]/,
  })
  const warned = await waitFor('a warning', () =>
    lw.log.find(({ message }) => /audit sink fails/.test(message)),
  )
  t.match(warned, { level: 'warn', fields: { sink: 'otlp', reason: 'connect' } })
  t.notMatch(JSON.stringify(lw.log), BEARER)
  await receiver.start()
  await waitFor('it to work', async () =>
    (await admin(lw, '/readyz?verbose')).text.includes('[+]audit-sinks ok'),
  )
})

t.test('a reload adds a sink and takes it away, without a restart', async t => {
  const receiver = await createHttpReceiver(t, 'http')
  await receiver.start()
  const { file, config } = auditOf(t)
  const lw = await startLandwaiter(t, { config })
  const use = async (sinks: readonly object[]) => {
    writeFileSync(lw.file, stringify({ ...parse(readFileSync(lw.file, 'utf8')), audit: { file, sinks } }))
    return await lw.app.reload()
  }
  const before = numbersOf(file).length
  t.match(await use([sinkOf(receiver)]), { outcome: 'loaded', restart: [] })
  await logIn(lw, 'developer')
  const last = numbersOf(file).length
  await waitFor('the line', () => receiver.seen().includes(last))
  t.strictSame(receiver.seen(), upTo(last).slice(before), 'from the reload on')
  t.match(await use([{ ...sinkOf(receiver), ca_file: '/gone' }]), { outcome: 'rejected' })
  t.match(await use([]), { outcome: 'loaded', restart: [] })
  const seen = receiver.seen().length
  await logIn(lw, 'developer')
  await lw.app.stop()
  t.equal(receiver.seen().filter(seq => seq > last + 2).length, 0)
  t.ok(seen <= receiver.seen().length)
})

t.test('a receiver that takes connections and never answers changes nothing for clients', async t => {
  const sockets: { destroy(): unknown }[] = []
  const silent = createServer(socket => sockets.push(socket))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const served = async (sinks: readonly object[]) => {
    const { file, config } = auditOf(t, ...sinks)
    const lw = await startLandwaiter(t, { config })
    const answers = await Promise.all(Array.from({ length: 200 }, () => logIn(lw, 'developer')))
    const lines = readAudit(file).filter(({ action }) => action === 'token').length
    await lw.app.stop()
    return { ok: answers.filter(({ status }) => status === 200).length, lines }
  }
  const types = [
    { type: 'http', url: `http://127.0.0.1:${port}/` },
    { type: 'otlp', url: `http://127.0.0.1:${port}/` },
    { type: 'webhook', url: `http://127.0.0.1:${port}/` },
    { type: 'syslog', url: `tcp://127.0.0.1:${port}` },
  ]
  t.strictSame(await served(types), await served([]))
  t.ok(sockets.length > 2, 'they were connected')
})

t.test('killed in the middle, it sends again from a line that it knows of', async t => {
  const receiver = await createHttpReceiver(t, 'http')
  await receiver.start()
  const dir = tempDir(t)
  const auditFile = join(dir, 'audit.jsonl')
  const file = writeConfig(dir, {
    audit: { file: auditFile, sinks: [{ ...sinkOf(receiver), batch: 3 }] },
  })
  for (let round = 0; round < 3; round++) {
    const landwaiter = await startProcess(t, [process.execPath, MAIN, 'serve', '-c', file])
    const { admin: port } = await landwaiter.ready('ready', () => openPorts(landwaiter.output()))
    await Promise.all(
      Array.from({ length: 40 }, () =>
        request(`http://127.0.0.1:${port}/reload`, { method: 'POST' }).then(a => a.body.dump()),
      ),
    )
    await landwaiter.stop('SIGKILL')
  }
  const landwaiter = await startProcess(t, [process.execPath, MAIN, 'serve', '-c', file])
  await landwaiter.ready('ready', () => openPorts(landwaiter.output()))
  await landwaiter.stop()
  const written = numbersOf(auditFile)
  t.ok(written.length > 100)
  t.strictSame([...new Set(receiver.seen())], written)
})
