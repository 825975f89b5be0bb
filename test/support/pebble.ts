import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { signCertificate } from '../../src/tls/sign-certificate.ts'
import { type BackgroundProcess, startProcess } from './background-process.ts'
import { findPrepared } from './find-prepared.ts'
import { freePort } from './free-port.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** How pebble behaves; each has the default that tests want most. */
export interface PebbleOptions {
  /** How long its certificates are valid, 5 years unless told. */
  readonly validitySeconds?: number
  /** Key identifiers and their base64url MAC keys; given, it takes no account without one of them. */
  readonly eab?: Readonly<Record<string, string>>
  /** Percentage of good nonces that it rejects; 5 unless told. */
  readonly nonceReject?: number
  /** Every challenge succeeds without being looked at. */
  readonly alwaysValid?: boolean
  /** `HOST:PORT` of the DNS server it asks, instead of its own where every name is 127.0.0.1. */
  readonly dnsServer?: string
  /** Names that it refuses. */
  readonly blocklist?: readonly string[]
  /** Percentage of orders in which an earlier proof of the same name is accepted; 0 unless told. */
  readonly authzReuse?: number
  /** Seconds that it asks to wait between polls; 0 unless told. */
  readonly retryAfterSeconds?: number
}

/** Certificate and key that pebble and what stands before it show; PEM. */
export interface ApiIdentity {
  readonly certificate: string
  readonly key: string
}

/** Let's Encrypt's test authority, with a DNS server whose records can be set. */
export interface Pebble {
  /** URL. */
  readonly directory: string
  readonly port: number
  /** Ports that it connects to for http-01 and tls-alpn-01. */
  readonly httpPort: number
  readonly tlsPort: number
  /** `HOST:PORT` of the DNS server that it asks. */
  readonly dnsServer: string
  /** Where the records of pebble's own DNS server are set: `POST /set-txt`, `/clear-txt`. */
  readonly dnsManagement: string
  /** What a client must trust to talk to it: PEM, and a file that holds it. */
  readonly caRoot: string
  readonly caRootFile: string
  readonly identity: ApiIdentity
  /** PEM of the root of the certificates that it issues; a new one after each restart. */
  readonly issuingRoot: () => Promise<string>
  /** What it knows about a certificate, by hexadecimal serial number: `Status`, `Reason`, … */
  readonly statusOf: (serial: string) => Promise<Readonly<Record<string, unknown>>>
  /** Adds a TXT record; `host` without a closing dot. */
  readonly setTxt: (host: string, value: string) => Promise<void>
  /** Removes all TXT records of a host. */
  readonly clearTxt: (host: string) => Promise<void>
  /** Addresses of a host instead of 127.0.0.1. */
  readonly setAddresses: (host: string, addresses: readonly string[]) => Promise<void>
  /** Records of the issuers that a host allows. */
  readonly setCaa: (host: string, issuers: readonly string[]) => Promise<void>
  readonly output: () => string
  readonly stop: () => Promise<void>
  /** Starts it again at the same ports; it then knows no account, order or certificate. */
  readonly restart: () => Promise<void>
}

interface Ports {
  readonly api: number
  readonly management: number
  readonly http: number
  readonly tls: number
  readonly dns: number
  readonly dnsManagement: number
}

/** A pebble on free ports of loopback, ready to be asked; stopped at teardown. */
export async function startPebble(t: Scope, options: PebbleOptions = {}): Promise<Pebble> {
  const dir = tempDir(t)
  const ports = await choosePorts()
  const { root, identity } = await makeIdentity(dir)
  const caRootFile = join(dir, 'root.pem')
  writeFileSync(join(dir, 'pebble.json'), JSON.stringify({ pebble: configOf(dir, ports, options) }))
  const agent = new Agent({ connect: { ca: root } })
  t.teardown(() => agent.close())
  const records = await startDns(t, ports)
  const dnsServer = options.dnsServer ?? `127.0.0.1:${ports.dns}`
  const management = async (path: string) => {
    const reply = await request(`https://127.0.0.1:${ports.management}${path}`, { dispatcher: agent })
    return await reply.body.text()
  }
  const start = async () => {
    const command = [
      findPrepared('pebble', 'pebble'),
      '-config',
      join(dir, 'pebble.json'),
      '-dnsserver',
      dnsServer,
    ] as const
    const started = await startProcess(t, [...command], { env: environmentOf(options) })
    await started.ready('pebble answers', () => management('/roots/0'))
    return started
  }
  let running: BackgroundProcess = await start()
  const stop = async () => void (await running.stop())
  return {
    directory: `https://localhost:${ports.api}/dir`,
    port: ports.api,
    httpPort: ports.http,
    tlsPort: ports.tls,
    dnsServer,
    dnsManagement: `http://127.0.0.1:${ports.dnsManagement}`,
    caRoot: root,
    caRootFile,
    identity,
    issuingRoot: () => management('/roots/0'),
    statusOf: async serial => JSON.parse(await management(`/cert-status-by-serial/${serial.toLowerCase()}`)),
    ...records,
    output: () => running.output(),
    stop,
    restart: async () => {
      await stop()
      running = await start()
    },
  }
}

async function choosePorts(): Promise<Ports> {
  const chosen = new Set<number>()
  while (chosen.size < 6) chosen.add(await freePort())
  const [api = 0, management = 0, http = 0, tls = 0, dns = 0, dnsManagement = 0] = chosen
  return { api, management, http, tls, dns, dnsManagement }
}

function configOf(dir: string, ports: Ports, options: PebbleOptions) {
  const wait = options.retryAfterSeconds ?? 0
  return {
    listenAddress: `127.0.0.1:${ports.api}`,
    managementListenAddress: `127.0.0.1:${ports.management}`,
    certificate: join(dir, 'api.pem'),
    privateKey: join(dir, 'api.key'),
    httpPort: ports.http,
    tlsPort: ports.tls,
    ocspResponderURL: '',
    retryAfter: { authz: wait, order: wait },
    externalAccountBindingRequired: options.eab !== undefined,
    externalAccountMACKeys: options.eab ?? {},
    domainBlocklist: options.blocklist ?? [],
    ...(options.validitySeconds !== undefined && { certificateValidityPeriod: options.validitySeconds }),
  }
}

function environmentOf(options: PebbleOptions): Readonly<Record<string, string>> {
  return {
    PEBBLE_VA_NOSLEEP: '1',
    PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 5),
    PEBBLE_AUTHZREUSE: String(options.authzReuse ?? 0),
    ...(options.alwaysValid === true && { PEBBLE_VA_ALWAYS_VALID: '1' }),
  }
}

/** Files `root.pem`, `api.pem` and `api.key` in `dir`, for `localhost` and 127.0.0.1. */
async function makeIdentity(dir: string): Promise<{ root: string; identity: ApiIdentity }> {
  const rootKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const apiKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const common = { signingKey: rootKey, notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 86_400_000 }
  const root = await signCertificate({
    ...common,
    commonName: 'root of the test authority’s API',
    publicKey: createPublicKey(rootKey),
    role: { kind: 'root' },
  })
  const certificate = await signCertificate({
    ...common,
    commonName: 'localhost',
    publicKey: createPublicKey(apiKey),
    role: { kind: 'server', issuer: root, dns: ['localhost'], ip: ['127.0.0.1'] },
  })
  const key = apiKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  writeFileSync(join(dir, 'root.pem'), root)
  writeFileSync(join(dir, 'api.pem'), certificate)
  writeFileSync(join(dir, 'api.key'), key, { mode: 0o600 })
  return { root, identity: { certificate, key } }
}

type Records = Pick<Pebble, 'setTxt' | 'clearTxt' | 'setAddresses' | 'setCaa'>

/** The DNS server of pebble's authors, where every name is 127.0.0.1 until told otherwise. */
async function startDns(t: Scope, ports: Ports): Promise<Records> {
  const management = `127.0.0.1:${ports.dnsManagement}`
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', '', '-defaultIPv6', '']
  const listen = ['-dns01', `127.0.0.1:${ports.dns}`, '-management', management]
  const dns = await startProcess(t, [findPrepared('pebble-challtestsrv', 'pebble'), ...off, ...listen])
  const set = async (path: string, body: unknown) => {
    const reply = await request(`http://${management}${path}`, { method: 'POST', body: JSON.stringify(body) })
    await reply.body.dump()
    if (reply.statusCode !== 200) throw new Error(`${path}: HTTP ${reply.statusCode}`)
  }
  await dns.ready('the DNS server answers', async () => {
    await set('/clear-txt', { host: 'ready.test.' })
    return true
  })
  return {
    setTxt: (host, value) => set('/set-txt', { host: `${host}.`, value }),
    clearTxt: host => set('/clear-txt', { host: `${host}.` }),
    setAddresses: (host, addresses) => set('/add-a', { host: `${host}.`, addresses }),
    setCaa: (host, issuers) =>
      set('/add-caa', { host: `${host}.`, policies: issuers.map(value => ({ tag: 'issue', value })) }),
  }
}
