import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { trustHelp } from '../../src/tls/trust-help.ts'
import { makePair, openssl, temporaryDirectory } from './support.ts'

t.test('prints a text that is a CA file itself and names the path of every client', async t => {
  const directory = temporaryDirectory(t)
  const certificate = readFileSync(
    makePair({ directory, file: 'ca', names: 'DNS:a.test' }).certificate,
    'utf8',
  )
  const text = trustHelp({ certificate, hosts: ['registry.test', '2001:db8::1'], port: 8443 })
  const file = join(directory, 'ca.crt')
  writeFileSync(file, text)
  t.match(openssl('verify', '-CAfile', file, file), /: OK/)
  for (const expected of [
    '/etc/docker/certs.d/registry.test:8443/ca.crt',
    '/etc/docker/certs.d/[2001:db8::1]:8443/ca.crt',
    '/etc/containers/certs.d/registry.test:8443/ca.crt',
    '/etc/containerd/certs.d/registry.test:8443/hosts.toml',
    'ctr images pull --tlscacert landwaiter-ca.crt registry.test:8443/NAME:TAG',
    'update-ca-certificates',
    'update-ca-trust',
    'security add-trusted-cert',
  ]) {
    t.ok(text.includes(expected), expected)
  }
  t.match(
    text
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .join('\n'),
    certificate.trimEnd(),
    'all the rest is comments',
  )
})

t.test('leaves the port out of paths when clients leave it out of names', async t => {
  const text = trustHelp({ certificate: 'PEM', hosts: ['registry.test', '::1'], port: 443 })
  t.ok(text.includes("/etc/docker/certs.d/registry.test/ca.crt'"))
  t.ok(text.includes("/etc/containers/certs.d/[::1]/ca.crt'"))
  t.notMatch(text, /:443/)
})
