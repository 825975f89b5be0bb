import t from 'tap'
import { below, compare } from './load-text.ts'

function s3(domain: string, endpoint: string, rest = ''): string {
  const storage = `{s3: {bucket: b, region: r, endpoint: "${endpoint}", redirect: true}}`
  return below(`domains: {registry: ${domain}}\nregistry: {run: {storage: ${storage}}${rest}}\n`)
}

t.test('a storage that clients may not reach is told of', async t => {
  const warning = (host: string, column: number) =>
    `4:${column}: warning: registry.run.storage.s3.redirect: clients of r.example.com are sent to ${host}, which is not reachable from everywhere; set registry.redirects: follow, or redirect: false`
  await compare(t, [
    [s3('r.example.com', 'http://minio:9000'), [warning('minio', 96)]],
    [s3('r.example.com', 'http://10.0.0.7:9000'), [warning('10.0.0.7', 99)]],
    [s3('r.example.com', 'http://[fd00::7]:9000'), [warning('fd00::7', 100)]],
    [s3('r.example.com', 'https://s3.example.com'), []],
    [s3('r.example.com', 'https://8.8.8.8'), []],
    [s3('r.lan', 'http://minio:9000'), []],
    [s3('r.example.com', 'http://minio:9000', ', redirects: follow, redirect_hosts: ["minio:9000"]'), []],
  ])
})
