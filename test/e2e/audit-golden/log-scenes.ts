import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { type BackgroundProcess, startProcess } from '../../support/background-process.ts'
import { basic, writeConfig } from '../../support/landwaiter.ts'
import { openPorts } from '../../support/landwaiter-process.ts'
import type { Scope } from '../../support/scope.ts'
import { fillDisk, smallDisk } from '../../support/small-disk.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Scene, Stage } from './scene.ts'
import { sought } from './sought.ts'

const MAIN = join(import.meta.dirname, '../../../src/main.ts')
const DISK_KIB = 1024

/** A landwaiter whose log is on a small disk and soon goes on in a new file; what its operator does. */
export function logStage(t: Scope): Stage {
  const directory = smallDisk(t, DISK_KIB)
  const auditFile = join(directory, 'audit.jsonl')
  const configFile = writeConfig(tempDir(t), {
    tls: { mode: 'off' },
    registry: { upstream: 'http://127.0.0.1:9', auth: 'none' },
    audit: {
      file: auditFile,
      node: 'gw-1',
      level: 'requests',
      max_size: '64KiB',
      max_files: 1,
      ballast: 0,
      grace: '0s',
      pulls: 'allow',
    },
  })
  const site = { t, directory, configFile }
  return { files: [auditFile], scenes: operatorScenes(site) }
}

interface LogSite {
  readonly t: Scope
  readonly directory: string
  readonly configFile: string
}

function operatorScenes(site: LogSite): readonly Scene[] {
  const { configFile, directory } = site
  let running: Running | undefined
  const now = () => {
    if (running === undefined) throw new Error('landwaiter does not run')
    return running
  }
  const goodConfig = readFileSync(configFile, 'utf8')
  const reload = (config: string) => {
    writeFileSync(configFile, config)
    process.kill(now().pid, 'SIGHUP')
  }
  const start = async () => {
    running = await startOn(site)
  }
  return [
    { title: 'landwaiter starts for the first time', run: start, shows: [] },
    {
      title: 'the operator has a faulty configuration file loaded (HUP)',
      run: () => reload(`${goodConfig}lissten: {}\n`),
      shows: [sought('config.reload config failed')],
    },
    {
      title: 'the operator has the configuration file loaded (HUP)',
      run: () => reload(goodConfig),
      shows: [sought('config.reload config success')],
    },
    {
      title: 'the operator stops landwaiter (TERM)',
      run: () => now().stop(),
      shows: [sought('audit.checkpoint audit success'), sought('server.stop server success')],
    },
    {
      title: 'the operator starts landwaiter again',
      run: start,
      shows: [sought('server.start server success')],
    },
    {
      title: 'the file has reached its size (64 KiB)',
      run: () => now().fillFile(),
      shows: [sought('audit.rotate audit success')],
    },
    {
      title: 'so has the next one, and one old file is kept (max_files: 1)',
      run: () => now().fillFile(),
      shows: [sought('audit.prune audit success')],
    },
    {
      title: 'the disk of the log is full, pulls go on (pulls: allow), and then there is room again',
      run: async () => {
        const free = fillDisk(directory)
        await waitFor('an outage', async () => {
          await now().ping()
          return (await now().readiness()).includes('ENOSPC')
        })
        await now().ping()
        free()
      },
      shows: [sought('audit.gap audit failed')],
    },
  ]
}

interface Running extends Pick<BackgroundProcess, 'pid' | 'stop'> {
  readonly ping: () => Promise<void>
  readonly readiness: () => Promise<string>
  /** Pings until the log has gone on in a new file. */
  readonly fillFile: () => Promise<void>
}

async function startOn({ t, directory, configFile }: LogSite): Promise<Running> {
  const started = await startProcess(t, [process.execPath, MAIN, 'serve', '-c', configFile])
  const ports = await started.ready('ready', () => openPorts(started.output()) as unknown as Ports)
  const ping = async () => {
    const { body } = await request(`http://127.0.0.1:${ports.http}/v2/`, {
      headers: { authorization: basic('admin') },
    })
    await body.dump()
  }
  const firstSeq = () =>
    JSON.parse(readFileSync(join(directory, 'audit.jsonl'), 'utf8').split('\n', 1)[0] ?? '').seq
  return {
    pid: started.pid,
    stop: started.stop,
    ping,
    readiness: async () => {
      const { body } = await request(`http://127.0.0.1:${ports.admin}/readyz?verbose`)
      return await body.text()
    },
    fillFile: async () => {
      const before = firstSeq()
      await waitFor('a new file', async () => {
        await Promise.all(Array.from({ length: 50 }, ping))
        return firstSeq() !== before
      })
    },
  }
}

interface Ports {
  readonly http: number
  readonly admin: number
}
