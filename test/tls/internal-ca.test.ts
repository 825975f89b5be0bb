import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CertificateFileError } from '../../src/tls/certificate-file-error.ts'
import { openInternalCa } from '../../src/tls/internal-ca.ts'
import { makePair, memoryLog, openssl, temporaryDirectory } from './support.ts'

const NOW = Date.UTC(2026, 10, 24, 18)
const DAY_MS = 86_400_000
const clock = () => NOW
const open = (directory: string, now = NOW) =>
  openInternalCa({ directory, clock: () => now, log: memoryLog() })

t.test('makes a root that OpenSSL accepts and keeps it for later starts', async t => {
  const directory = join(temporaryDirectory(t), 'new', 'state')
  const ca = await open(directory)
  const file = join(directory, 'ca.pem')
  t.equal(statSync(join(directory, 'ca.key')).mode & 0o777, 0o600)
  t.equal(statSync(directory).mode & 0o777, 0o700)
  const text = openssl('x509', '-in', file, '-noout', '-text')
  for (const expected of [
    /X509v3 Basic Constraints: critical\s+CA:TRUE, pathlen:0/,
    /X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign\n/,
    /Subject: CN = landwaiter internal CA [0-9a-f]{8}\n/,
    /NIST CURVE: P-256/,
    /Signature Algorithm: ecdsa-with-SHA256/,
    /Not Before: Nov 24 17:00:00 2026 GMT\s+Not After : Nov 24 18:00:00 2036 GMT/,
  ]) {
    t.match(text, expected)
  }
  const keyId = /Subject Key Identifier: \s+(\S+)/.exec(text)?.[1]
  t.equal(/Authority Key Identifier: \s+(\S+)/.exec(text)?.[1], keyId)
  t.match(openssl('verify', '-attime', String(NOW / 1000), '-CAfile', file, file), /ca\.pem: OK/)
  t.strictSame(readdirSync(directory).sort(), ['ca.key', 'ca.pem'], 'no temporary file stays')
  t.equal((await open(directory)).certificate, ca.certificate)
  t.equal(ca.certificate, readFileSync(file, 'utf8'))
})

t.test('gives processes that start at once the same root', async t => {
  const directory = temporaryDirectory(t)
  const module = new URL('../../src/tls/internal-ca.ts', import.meta.url).href
  const log = '{ debug() {}, info() {}, warn() {}, error() {} }'
  const script = `import { openInternalCa } from ${JSON.stringify(module)}
    const ca = await openInternalCa({ directory: ${JSON.stringify(directory)}, clock: () => ${NOW}, log: ${log} })
    process.stdout.write(ca.certificate)`
  const children = [1, 2].map(() => {
    const args = [...process.execArgv, '--input-type=module', '-e', script]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => child.kill())
    return child
  })
  const printed = children.map(async child => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    await once(child, 'close')
    return text
  })
  const here = await Promise.all(Array.from({ length: 6 }, () => open(directory)))
  const roots = [...(await Promise.all(printed)), ...here.map(ca => ca.certificate)]
  t.strictSame(new Set(roots), new Set([readFileSync(join(directory, 'ca.pem'), 'utf8')]))
})

t.test('finishes a root whose creation was cut short after the key', async t => {
  const directory = temporaryDirectory(t)
  const first = await open(directory)
  const keyText = readFileSync(join(directory, 'ca.key'), 'utf8')
  rmSync(join(directory, 'ca.pem'))
  writeFileSync(join(directory, '.ca.pem.0123456789ab.tmp'), '-----BEGIN CERT')
  const second = await open(directory)
  t.equal(readFileSync(join(directory, 'ca.key'), 'utf8'), keyText)
  t.ok(second.root.checkPrivateKey(first.key))
})

t.test('narrows a key file that others can read, and says so', async t => {
  const directory = temporaryDirectory(t)
  await open(directory)
  chmodSync(join(directory, 'ca.key'), 0o644)
  const log = memoryLog()
  await openInternalCa({ directory, clock, log })
  t.equal(statSync(join(directory, 'ca.key')).mode & 0o777, 0o600)
  t.match(log.lines, [{ level: 'warn', fields: { file: join(directory, 'ca.key'), mode: '644' } }])
})

t.test('warns when the root has less than a year left', async t => {
  const directory = temporaryDirectory(t)
  await open(directory)
  for (const { days, warnings } of [
    { days: 3653 - 366, warnings: 0 },
    { days: 3653 - 364, warnings: 1 },
  ]) {
    const log = memoryLog()
    await openInternalCa({ directory, clock: () => NOW + days * DAY_MS, log })
    t.equal(log.lines.length, warnings)
  }
})

t.test('refuses files that it cannot use, names the file and leaves it alone', async t => {
  const cases: {
    why: string
    file: 'ca.key' | 'ca.pem'
    message: RegExp
    spoil: (directory: string) => void
    now?: number
  }[] = [
    {
      why: 'key lost',
      file: 'ca.key',
      message: /ca\.key: is missing while .*ca\.pem exists/,
      spoil: directory => rmSync(join(directory, 'ca.key')),
    },
    {
      why: 'empty key',
      file: 'ca.key',
      message: /holds no usable PEM private key/,
      spoil: directory => writeFileSync(join(directory, 'ca.key'), ''),
    },
    {
      why: 'encrypted key',
      file: 'ca.key',
      message: /is encrypted/,
      spoil: directory => {
        const key = join(directory, 'ca.key')
        openssl('pkcs8', '-topk8', '-in', key, '-passout', 'pass:x', '-out', join(directory, 'e'))
        copyFileSync(join(directory, 'e'), key)
      },
    },
    {
      why: 'key of another curve',
      file: 'ca.key',
      message: /is not an ECDSA P-256 key/,
      spoil: directory =>
        copyFileSync(makePair({ directory, file: 'o', key: 'P-384' }).key, join(directory, 'ca.key')),
    },
    {
      why: 'truncated certificate',
      file: 'ca.pem',
      message: /holds no usable PEM certificate/,
      spoil: directory => {
        const file = join(directory, 'ca.pem')
        writeFileSync(file, readFileSync(file, 'utf8').slice(0, 300))
      },
    },
    {
      why: 'certificate of another key',
      file: 'ca.pem',
      message: /does not belong to the ca\.key beside it/,
      spoil: directory =>
        copyFileSync(makePair({ directory, file: 'o' }).certificate, join(directory, 'ca.pem')),
    },
    {
      why: 'certificate of a server',
      file: 'ca.pem',
      message: /is not a CA certificate/,
      spoil: directory => {
        const output = ['-key', join(directory, 'ca.key'), '-out', join(directory, 'ca.pem')]
        const extension = ['-subj', '/CN=x', '-addext', 'basicConstraints=critical,CA:FALSE']
        openssl('req', '-x509', ...output, ...extension)
      },
    },
    {
      why: 'expired',
      file: 'ca.pem',
      message: /expired on 2036-11-24T18:00:00\.000Z/,
      spoil: () => {},
      now: NOW + 3653 * DAY_MS,
    },
    {
      why: 'certificate is a directory',
      file: 'ca.pem',
      message: /cannot be read/,
      spoil: directory => {
        rmSync(join(directory, 'ca.pem'))
        mkdirSync(join(directory, 'ca.pem'))
      },
    },
  ]
  for (const { why, file, message, spoil, now } of cases) {
    const directory = temporaryDirectory(t)
    await open(directory)
    spoil(directory)
    const before = readDirectory(directory)
    const error = await open(directory, now).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    t.type(error, CertificateFileError, why)
    t.match(error, { code: 'CERTIFICATE_FILE_INVALID', file: join(directory, file), message }, why)
    t.strictSame(readDirectory(directory), before, `${why}: nothing was written`)
  }
})

function readDirectory(directory: string) {
  return readdirSync(directory, { withFileTypes: true })
    .map(entry => [entry.name, entry.isFile() ? readFileSync(join(directory, entry.name), 'utf8') : ''])
    .sort()
}
