import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess } from '../../support/background-process.ts'
import { findOnPath } from '../../support/find-prepared.ts'
import { freePort } from '../../support/free-port.ts'
import { runCommand } from '../../support/run-command.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { childProcesses } from '../process-cost.ts'
import { answers } from './answers.ts'
import type { ProxySetting } from './proxy-setting.ts'
import type { Server } from './server.ts'

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'] as const

/** Path of nginx; `undefined` when there is none. */
export function findNginx(): string | undefined {
  return findOnPath('nginx', ['/usr/sbin'])
}

/**
 * Starts nginx as it is fastest here: answers pass through large buffers (`proxy_buffering on`, no temporary files),
 * requests through none, and connections to the registry are kept. Stopped at teardown.
 */
export async function startNginx(t: Scope, setting: ProxySetting): Promise<Server> {
  const directory = tempDir(t)
  const binary = findNginx() ?? 'nginx'
  const ports = { registry: await freePort(), sink: await freePort() }
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, configuration(setting, { directory, ports }))
  for (const name of TEMPORARY) mkdirSync(join(directory, name))
  const { stderr } = await runCommand(binary, ['-v'])
  const nginx = await startProcess(t, [binary, '-p', directory, '-c', file])
  for (const port of Object.values(ports)) await nginx.ready('nginx answers', () => answers(port))
  const pids = childProcesses(nginx.pid)
  const door = (port: number) => ({ url: `https://localhost:${port}`, port, pids })
  return {
    name: 'nginx',
    version: stderr.trim().replace(/^.*: nginx\//, 'nginx '),
    registry: door(ports.registry),
    sink: door(ports.sink),
  }
}

interface NginxPlace {
  readonly directory: string
  readonly ports: { readonly registry: number; readonly sink: number }
}

function configuration(
  { certificate, key, registry, sink }: ProxySetting,
  { directory, ports }: NginxPlace,
): string {
  const site = (port: number, upstream: string) => `
  server {
    listen 127.0.0.1:${port} ssl backlog=1024;
    location / { proxy_pass http://${upstream}; }
  }`
  return `daemon off;
error_log stderr warn;
pid ${directory}/nginx.pid;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes auto;
events { worker_connections 8192; }
http {
  access_log off;
  ${TEMPORARY.map(name => `${name}_temp_path ${directory}/${name};`).join('\n  ')}
  ssl_certificate ${certificate};
  ssl_certificate_key ${key};
  ssl_protocols TLSv1.3;
  ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
  keepalive_requests 100000000;
  keepalive_timeout 300s;
  client_max_body_size 0;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_request_buffering off;
  proxy_buffering on;
  proxy_buffer_size 64k;
  proxy_buffers 16 64k;
  proxy_busy_buffers_size 512k;
  proxy_max_temp_file_size 0;
  proxy_read_timeout 600s;
  upstream registry { server ${registry}; keepalive 64; keepalive_requests 100000000; }
  upstream sink { server ${sink}; keepalive 64; keepalive_requests 100000000; }
  ${site(ports.registry, 'registry')}
  ${site(ports.sink, 'sink')}
}
`
}
