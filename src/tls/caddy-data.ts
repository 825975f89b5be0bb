import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AcmeAccount } from '../model/certificate-authority.ts'
import { messageOf } from '../model/message-of.ts'
import type { Clock } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import { asJsonObject, type JsonObject } from '../oci/json-object.ts'
import { directoryOf } from './caddy-folder.ts'
import { CertificateFileError } from './certificate-file-error.ts'
import { parseJsonFile } from './json-file.ts'
import { canonicalName, type KeyPair, parseKeyPair, parsePrivateKey } from './key-pair.ts'
import { readRegularFile } from './read-regular-file.ts'

/** A certificate that Caddy obtained. */
export interface CaddyCertificate {
  /** Of the PEM file. */
  readonly path: string
  readonly name: string
  /** Caddy's name for the authority. */
  readonly folder: string
  /** URL, where it can be told. */
  readonly directory?: string
  /** PEM as Caddy wrote it, leaf first. */
  readonly chain: string
  readonly key: Secret
  readonly pair: KeyPair
}

/** An account that Caddy registered. */
export interface CaddyAccount {
  /** Of the file of the key. */
  readonly path: string
  readonly folder: string
  readonly directory?: string
  readonly account: AcmeAccount
}

/** What a data folder of Caddy 2 holds for us. */
export interface CaddyData {
  readonly certificates: readonly CaddyCertificate[]
  readonly accounts: readonly CaddyAccount[]
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

export interface CaddyDataOptions {
  readonly clock: Clock
  /** URLs of the directories of our own authorities, to be told by the names of Caddy's folders. */
  readonly directories?: readonly string[]
}

/** The volume of the container image, the home of the Debian package, and the folder itself. */
const ROOTS = ['', 'caddy', 'data/caddy', '_data/caddy', 'data', '.local/share/caddy']
/** Caddy's own authority, whose certificates last for hours. */
const INTERNAL = 'local'

/**
 * What can be taken over from Caddy's data folder, or from a volume that holds it; the folder is only read.
 * @throws CertificateFileError when there is no such data in it.
 */
export async function readCaddyData(directory: string, options: CaddyDataOptions): Promise<CaddyData> {
  const root = await findRoot(directory)
  const certificates: CaddyCertificate[] = []
  const accounts: CaddyAccount[] = []
  const skipped: { path: string; reason: string }[] = []
  const collect = async <T>(paths: readonly Place[], read: (place: Place) => Promise<T>, into: T[]) => {
    for (const place of paths) {
      try {
        into.push(await read(place))
      } catch (error) {
        skipped.push({ path: place.path, reason: reasonOf(place.path, error) })
      }
    }
  }
  await collect(await certificatePlaces(root), place => readCertificate(place, options), certificates)
  // The certificates of an authority name it more surely than the account's own file.
  const directories = certificates.flatMap(({ directory }) => directory ?? [])
  const known = { ...options, directories: [...(options.directories ?? []), ...directories] }
  await collect(await accountPlaces(root), place => readAccount(place, known), accounts)
  return { certificates, accounts, skipped }
}

/** Files `path.crt`, `path.key` and `path.json`. */
interface Place {
  readonly path: string
  readonly folder: string
}

async function findRoot(directory: string): Promise<string> {
  for (const root of ROOTS.map(name => join(directory, name))) {
    const folders = await listFolder(root)
    if (folders.includes('certificates') || folders.includes('acme')) return root
  }
  throw new CertificateFileError(
    directory,
    'holds no data of Caddy 2; name the folder in which there is "certificates", such as /data/caddy',
  )
}

async function certificatePlaces(root: string): Promise<readonly Place[]> {
  const places: Place[] = []
  for (const folder of await listFolder(join(root, 'certificates'))) {
    for (const name of await listFolder(join(root, 'certificates', folder))) {
      const directory = join(root, 'certificates', folder, name)
      // Caddy leaves empty folders behind.
      if ((await listFolder(directory)).length > 0) places.push({ path: join(directory, name), folder })
    }
  }
  return places
}

async function accountPlaces(root: string): Promise<readonly Place[]> {
  const places: Place[] = []
  for (const folder of await listFolder(join(root, 'acme'))) {
    const users = join(root, 'acme', folder, 'users')
    for (const user of await listFolder(users)) {
      const keys = (await listFolder(join(users, user))).filter(file => file.endsWith('.key'))
      places.push(...keys.map(key => ({ path: join(users, user, key.slice(0, -4)), folder })))
    }
  }
  return places
}

async function readCertificate(
  { path, folder }: Place,
  options: CaddyDataOptions,
): Promise<CaddyCertificate> {
  if (folder === INTERNAL) throw new CertificateFileError(path, 'is from the internal authority of Caddy')
  const certificate = { file: `${path}.crt`, text: await readText(`${path}.crt`) }
  const key = { file: `${path}.key`, text: await readText(`${path}.key`) }
  const pair = parseKeyPair({ certificate, key })
  const now = options.clock()
  if (pair.notAfter <= now) {
    throw new CertificateFileError(certificate.file, `expired on ${new Date(pair.notAfter).toISOString()}`)
  }
  const details = await readDetails(`${path}.json`)
  const issuer = asJsonObject(details['issuer_data']) ?? {}
  return {
    path: certificate.file,
    name: nameOf(certificate.file, pair, details),
    folder,
    ...directoryIn(folder, { url: issuer['url'], stated: issuer['ca'], options }),
    chain: certificate.text,
    key: new Secret(key.text),
    pair,
  }
}

async function readAccount({ path, folder }: Place, options: CaddyDataOptions): Promise<CaddyAccount> {
  const file = `${path}.key`
  const key = await readText(file)
  parsePrivateKey({ file, text: key })
  const { location, status } = await readDetails(`${path}.json`)
  if (typeof status === 'string' && status !== 'valid') throw new CertificateFileError(file, `is ${status}`)
  return {
    path: file,
    folder,
    ...directoryIn(folder, { url: location, stated: undefined, options }),
    // Not the account's URL: when Caddy registered for two names at once, it may belong to another key. The authority
    // tells it for the key, without a new account (RFC 8555 §7.3.1).
    account: { key: new Secret(key) },
  }
}

/** The name that Caddy asked for. Its folder says it too, but without the characters that files must not have. */
function nameOf(file: string, pair: KeyPair, { sans }: JsonObject): string {
  const asked: unknown = Array.isArray(sans) ? sans[0] : pair.names[0]
  const name = canonicalName(String(asked))
  if (!pair.names.includes(name)) throw new CertificateFileError(file, `does not cover ${name}`)
  return name
}

/** Caddy 2.8 states the directory; earlier ones only name their folder after it. */
function directoryIn(
  folder: string,
  {
    url,
    stated,
    options,
  }: { readonly url: unknown; readonly stated: unknown; readonly options: CaddyDataOptions },
): { readonly directory?: string } {
  if (typeof stated === 'string' && URL.canParse(stated)) return { directory: stated }
  const resource = typeof url === 'string' ? url : undefined
  const directory = directoryOf(folder, { known: options.directories ?? [], resource })
  return directory === undefined ? {} : { directory }
}

async function readText(file: string): Promise<string> {
  const content = await readRegularFile(file)
  if (content === undefined) throw new CertificateFileError(file, 'is missing')
  return content.text
}

/** What the JSON file beside it says; nothing when it is lost or damaged, as it only adds to the PEM files. */
async function readDetails(file: string): Promise<JsonObject> {
  try {
    return parseJsonFile(file, await readText(file))
  } catch {
    return {}
  }
}

async function listFolder(path: string): Promise<readonly string[]> {
  return await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw new CertificateFileError(path, `cannot be read (${error.code})`, { cause: error })
  })
}

function reasonOf(path: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof CertificateFileError) return error.message
  return `${path}: cannot be read (${code ?? messageOf(error)})`
}
