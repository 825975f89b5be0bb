import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BackgroundProcess, startProcess } from '../../support/background-process.ts'
import { createClientCa } from '../../support/client-ca.ts'
import { findOnPath } from '../../support/find-prepared.ts'
import { freePort } from '../../support/free-port.ts'
import { isListening } from '../../support/is-listening.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { commonSettings, type Receiver } from './receiver.ts'

/** rsyslogd with one input and one file of raw messages, not started. It is asked to end, as an operator does. */
export async function createRsyslogReceiver(t: Scope, scheme: 'tcp' | 'tls'): Promise<Receiver> {
  const dir = tempDir(t)
  const port = await freePort()
  const ca = createClientCa(t, 'receivers')
  const pair = ca.issue({ subject: '/CN=receiver', names: 'DNS:localhost', usage: 'serverAuth' })
  const output = join(dir, 'received')
  const config = join(dir, 'rsyslog.conf')
  const tls =
    scheme === 'tls' ? 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"' : ''
  writeFileSync(
    config,
    `global(workDirectory="${dir}" maxMessageSize="16k" defaultNetstreamDriverCAFile="${ca.file}"
  defaultNetstreamDriverCertFile="${pair.certFile}" defaultNetstreamDriverKeyFile="${pair.keyFile}")
module(load="imtcp" ${tls})
template(name="raw" type="string" string="%msg%\\n")
input(type="imtcp" address="127.0.0.1" port="${port}")
local0.* action(type="omfile" file="${output}" template="raw")
`,
  )
  let running: BackgroundProcess | undefined
  return {
    settings: {
      ...commonSettings(`rsyslog-${scheme}`),
      type: 'syslog',
      url: `${scheme}://localhost:${port}`,
      facility: 'local0',
      ca: scheme === 'tls' ? readFileSync(ca.file, 'utf8') : undefined,
    },
    seen: createSeqReader(output),
    start: async () => {
      const program = findOnPath('rsyslogd', ['/usr/sbin'])
      if (program === undefined) throw new Error('no rsyslogd: run `sh test/prepare.sh`')
      const pid = join(dir, 'pid')
      running = await startProcess(t, [program, '-n', '-f', config, '-i', pid])
      await running.ready('rsyslogd listens', () => isListening(port))
    },
    stop: async () => {
      await running?.stop()
    },
    pause: () => process.kill(running?.pid ?? 0, 'SIGSTOP'),
    resume: () => process.kill(running?.pid ?? 0, 'SIGCONT'),
  }
}

/** Reads what is new in the file at each call; answers with the numbers of all lines so far. */
function createSeqReader(file: string): () => readonly number[] {
  const seen: number[] = []
  let offset = 0
  return () => {
    if (!existsSync(file)) return seen
    const fresh = readFrom(file, offset)
    const end = fresh.lastIndexOf(0x0a) + 1
    offset += end
    const lines = fresh.subarray(0, end).toString('utf8').split('\n').slice(0, -1)
    for (const line of lines) seen.push(JSON.parse(line.trimStart()).seq)
    return seen
  }
}

function readFrom(file: string, offset: number): Buffer {
  const fd = openSync(file, 'r')
  try {
    const rest = Buffer.alloc(fstatSync(fd).size - offset)
    return rest.subarray(0, readSync(fd, rest, 0, rest.length, offset))
  } finally {
    closeSync(fd)
  }
}
