import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** Files of a client's certificate, as the `cert` and `key` of a client take them. */
export interface ClientPair {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
}

/** What a client certificate says; it is for clients and valid now unless told. */
export interface ClientCertificateRequest {
  /** In OpenSSL's notation, `/CN=ci/OU=build`. */
  readonly subject: string
  /** Subject alternative names in OpenSSL's notation. */
  readonly names?: string
  readonly usage?: 'clientAuth' | 'serverAuth'
  /** `YYYYMMDDHHMMSSZ`. */
  readonly from?: string
  readonly to?: string
}

/** A CA of a test's own, by OpenSSL. */
export interface TestClientCa {
  readonly file: string
  issue(request: ClientCertificateRequest): ClientPair
  /** A CA under this one; its `file` holds it alone. */
  intermediate(): TestClientCa
}

const CONFIG = `
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
preserve = yes
unique_subject = no
string_mask = utf8only
[any]
commonName = optional
organizationName = optional
organizationalUnitName = optional
emailAddress = optional
[req]
distinguished_name = dn
string_mask = utf8only
[dn]
`
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
const CA_EXTENSIONS = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'

/** A new CA of this name; its files are removed after the test. */
export function createClientCa(t: Scope, name = 'clients'): TestClientCa {
  const dir = openDirectory(t)
  const extensions = CA_EXTENSIONS.trim()
    .split('\n')
    .flatMap(line => ['-addext', line])
  const output = ['-keyout', 'ca.key', '-out', 'ca.pem']
  openssl(dir, 'req', '-x509', ...KEY, '-days', '30', '-subj', `/CN=${name}`, ...extensions, ...output)
  return authorityIn(t, dir)
}

function openDirectory(t: Scope): string {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'openssl.cnf'), CONFIG)
  writeFileSync(join(dir, 'index.txt'), '')
  return dir
}

function authorityIn(t: Scope, dir: string): TestClientCa {
  let issued = 0
  return {
    file: join(dir, 'ca.pem'),
    issue: ({ subject, names, usage = 'clientAuth', from, to }) => {
      issued += 1
      const lines = [`extendedKeyUsage=${usage}`, ...(names === undefined ? [] : [`subjectAltName=${names}`])]
      const dates = [...(from === undefined ? [] : ['-startdate', from]), '-enddate', to ?? '20491231000000Z']
      return sign(dir, { file: join(dir, `client-${issued}`), subject, extensions: lines.join('\n'), dates })
    },
    intermediate: () => {
      const below = openDirectory(t)
      const dates = ['-enddate', '20491231000000Z']
      sign(dir, { file: join(below, 'ca'), subject: '/CN=intermediate', extensions: CA_EXTENSIONS, dates })
      return authorityIn(t, below)
    },
  }
}

function sign(
  dir: string,
  wanted: {
    readonly file: string
    readonly subject: string
    readonly extensions: string
    readonly dates: readonly string[]
  },
): ClientPair {
  const { file, subject, extensions, dates } = wanted
  const [certFile, keyFile] = [`${file}.pem`, `${file}.key`]
  writeFileSync(`${file}.ext`, extensions)
  openssl(dir, 'req', ...KEY, '-utf8', '-subj', subject, '-keyout', keyFile, '-out', `${file}.csr`)
  const io = ['-in', `${file}.csr`, '-out', certFile, '-extfile', `${file}.ext`, '-notext']
  openssl(dir, 'ca', '-batch', '-keyfile', 'ca.key', '-cert', 'ca.pem', '-utf8', ...dates, ...io)
  return {
    certFile,
    keyFile,
    cert: readFileSync(certFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
  }
}

function openssl(dir: string, command: string, ...args: readonly string[]): void {
  const options = ['-config', 'openssl.cnf', ...args]
  execFileSync('openssl', [command, ...options], { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] })
}
