import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { caddyFolder } from '../../src/tls/caddy-folder.ts'
import { landwaiter as landwaiterCommand } from '../cli/landwaiter-command.ts'
import { type AcmeGate, startGate } from '../support/acme-gate.ts'
import { ACME_DOMAINS, acmeSections, startAcmeLandwaiter } from '../support/acme-landwaiter.ts'
import { writeConfig } from '../support/landwaiter.ts'
import { startPebble } from '../support/pebble.ts'
import { servedCertificate } from '../support/served-certificate.ts'
import { tempDir } from '../support/temp-dir.ts'
import { caddyData } from '../tls/caddy-support.ts'

const NAMES = [ACME_DOMAINS.registry, ACME_DOMAINS.auth]

t.test('a landwaiter that takes over from Caddy orders nothing and goes on with its account', async t => {
  // Caddy 2.6 gives up at a rejected nonce here and there.
  const real = await startPebble(t, { nonceReject: 0 })
  const gate = await startGate(t, real)
  const accounts = watchAccounts(gate)
  const pebble = { ...real, directory: gate.directory }
  const data = await caddyData(t, pebble, NAMES)
  t.strictSame([accounts.made(), gate.orders().length], [1, NAMES.length], 'what Caddy did')

  const dir = tempDir(t)
  const options = { pebble, config: { state_dir: join(dir, 'state') } }
  const file = writeConfig(dir, acmeSections(options))
  const imported = await landwaiterCommand(['cert', 'import', data, '-c', file])
  t.equal(imported.code, 0, imported.stderr)
  const landwaiter = await startAcmeLandwaiter(t, options)
  await landwaiter.served(NAMES)
  const shown = async (name: string) => {
    const seen = await servedCertificate(pebble.tlsPort, {
      servername: name,
      ca: await real.issuingRoot(),
    })
    if (!('leaf' in seen)) throw new Error(`${name}: ${seen.code}`)
    return seen.leaf
  }
  for (const name of NAMES) {
    const folder = join(data, 'certificates', caddyFolder(pebble.directory), name)
    const chain = readFileSync(join(folder, `${name}.crt`), 'utf8')
    const { raw, issuerCertificate } = await shown(name)
    t.strictSame([raw, issuerCertificate?.raw].map(toBase64), certificatesIn(chain), `the chain of ${name}`)
  }
  await landwaiter.ready('the renewal windows', () => gate.count('renewal-info') >= NAMES.length)
  t.strictSame([accounts.made(), gate.orders().length], [1, NAMES.length], 'nothing was ordered')

  const before = (await shown(ACME_DOMAINS.registry)).serialNumber
  const renewed = await landwaiter.renew(ACME_DOMAINS.registry)
  t.equal(renewed.status, 200, renewed.text)
  t.not((await shown(ACME_DOMAINS.registry)).serialNumber, before)
  t.equal(accounts.made(), 1, 'by the account of Caddy')
  t.match(gate.orders().slice(NAMES.length), [
    { identifiers: [{ type: 'dns', value: ACME_DOMAINS.registry }], replaces: /^[\w-]+\.[\w-]+$/ },
  ])
})

/** An account that there is already is answered with 200 (RFC 8555 §7.3.1). */
function watchAccounts(gate: AcmeGate): { readonly made: () => number } {
  let made = 0
  gate.rewrite(({ step }, { status }) => {
    if (step === 'new-account' && status === 201) made += 1
    return undefined
  })
  return { made: () => made }
}

function toBase64(raw: Buffer | undefined): string | undefined {
  return raw?.toString('base64')
}

function certificatesIn(pem: string): readonly string[] {
  const found = pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)
  return [...found].map(([, base64 = '']) => base64.replace(/\s/g, ''))
}
