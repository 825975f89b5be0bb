import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadText, MINIMUM } from './load-text.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const DOMAINS = 'domains: {registry: registry.example.com, auth: auth.example.com}\n'
const FILES = { '/run/secrets/zerossl': 'c2VjcmV0', '/run/secrets/tsig': 'c2VjcmV0' }

t.test('the examples of certificates can be used as they are printed', async t => {
  const [, section = ''] = README.split('\n## Certificates\n')
  const [text = ''] = section.split('\n## ')
  const examples = [...text.matchAll(/```yaml\n(tls:[\s\S]*?)```/g)].map(([, example]) => example ?? '')
  t.ok(examples.length >= 5)
  for (const example of examples) {
    const loaded = await loadText(`${MINIMUM}${DOMAINS}${example}`, { files: FILES })
    t.strictSame(loaded.warnings, [], example)
    t.equal(loaded.config.tls.mode, 'acme')
  }
})

t.test('the example of sinks can be used as it is printed', async t => {
  const [, section = ''] = README.split('\n### Sending the audit log elsewhere\n')
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? []
  const files = { '/run/secrets/siem': 'Bearer x', '/run/secrets/ci-hook': 'x' }
  const { config, warnings } = await loadText(`${MINIMUM}${example}`, { files })
  t.strictSame(warnings, [])
  t.strictSame(
    config.audit.sinks.map(({ type }) => type),
    ['syslog', 'http', 'webhook', 'otlp'],
  )
})

t.test('the sample file gets certificates by ACME with a public domain', async t => {
  const text = readFileSync(join(import.meta.dirname, '../../config/example.yml'), 'utf8')
  const { config, warnings } = await loadText(text, { env: { REGISTRY_DOMAIN: 'registry.example.com' } })
  t.strictSame(warnings, [])
  t.match(config.tls, { mode: 'acme', acme: { names: ['registry.example.com'], ownNames: [] } })
})

t.test('what npm start serves has a certificate of our own CA', async t => {
  const text = readFileSync(join(import.meta.dirname, '../../config/quickstart/config.yml'), 'utf8')
  t.equal((await loadText(text)).config.tls.mode, 'internal')
})
