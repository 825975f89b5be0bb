import { join } from 'node:path'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { landwaiterConfig } from './landwaiter-config.ts'
import type { ProxySetting } from './proxy-setting.ts'
import type { Door, Server, ServerName } from './server.ts'
import { startCaddy } from './start-caddy.ts'
import { startLandwaiter } from './start-landwaiter.ts'
import { startNginx } from './start-nginx.ts'

/** Starts one of the proxies; stopped at teardown. `direct` is the registry and the sink themselves. */
export async function startServer(t: Scope, name: ServerName, setting: ProxySetting): Promise<Server> {
  switch (name) {
    case 'landwaiter':
      return startBoth(t, setting)
    case 'caddy':
      return startCaddy(t, setting)
    case 'nginx':
      return startNginx(t, setting)
    case 'direct': {
      const { registry, sink } = setting
      return { name, version: 'no proxy, no TLS', registry: plainDoor(registry), sink: plainDoor(sink) }
    }
  }
}

/** landwaiter as it runs the registry itself, with the files in `root`. */
export async function startRunning(t: Scope, setting: ProxySetting, root: string): Promise<Server> {
  const config = { ...landwaiterConfig(setting), registry: { run: { storage: { filesystem: { root } } } } }
  const registry = await startLandwaiter(t, join(tempDir(t), 'running'), { config })
  return { name: 'landwaiter', version: version(), registry, sink: registry }
}

/** One process has one upstream, so there are two. */
async function startBoth(t: Scope, setting: ProxySetting): Promise<Server> {
  const directory = tempDir(t)
  const config = landwaiterConfig(setting)
  const upstream = `http://${setting.sink}`
  return {
    name: 'landwaiter',
    version: version(),
    registry: await startLandwaiter(t, join(directory, 'registry'), { config }),
    sink: await startLandwaiter(t, join(directory, 'sink'), {
      config: { ...config, registry: { upstream, auth: 'none' } },
    }),
  }
}

function version(): string {
  return `landwaiter on Node ${process.versions.node}`
}

function plainDoor(host: string): Door {
  return { url: `http://${host}`, port: Number(host.split(':')[1]), pids: [] }
}
