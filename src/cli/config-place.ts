import type { KeyPath } from '../config/fault.ts'
import type { LoadedConfig } from '../config/load.ts'
import { AppError, ConfigError, type ConfigIssue } from '../model/errors.ts'
import { SignatureKeyError } from '../signature/signature-key-error.ts'

/** Keys whose value is the path of a key or certificate file. */
const FILE_KEYS = [
  ['tls', 'certificate'],
  ['tls', 'key'],
  ['token', 'certificate'],
  ['token', 'key'],
] as const

/** Keys whose value is a program or a file of an external authenticator or authorizer. */
const EXTERNAL_KEYS = [
  ['ext_auth', 'command'],
  ['ext_authz', 'command'],
  ['http_authz', 'ca_file'],
  ['casbin_authz', 'model_path'],
  ['casbin_authz', 'policy_path'],
] as const

export type FileKey = (typeof FILE_KEYS)[number]

/** The key and certificate files that a configuration names, each with its key. */
export function namedFiles({
  config,
}: LoadedConfig): readonly { readonly key: FileKey; readonly file: string }[] {
  const { tls, token } = config
  const sections = { tls: tls.mode === 'files' ? tls : {}, token }
  return FILE_KEYS.flatMap(key => {
    const [section, name] = key
    const values: { readonly certificate?: string; readonly key?: string } = sections[section]
    const file = values[name]
    return file === undefined ? [] : [{ key, file }]
  })
}

/** Files with the CAs that clients, ACME servers or receivers of the audit log are held against, each with the path of its key. */
function tlsFiles({ config }: LoadedConfig): readonly { readonly path: KeyPath; readonly file: string }[] {
  const { tls, audit } = config
  const authorities = tls.mode === 'acme' ? tls.acme.authorities : []
  const files = [
    { path: ['tls', 'client_auth', 'ca_file'], file: tls.client_auth?.ca_file },
    ...authorities.map(({ ca_root_file: file }, index) => {
      const section = index === 0 ? ['tls', 'acme'] : ['tls', 'acme', 'fallback', index - 1]
      return { path: [...section, 'ca_root_file'], file }
    }),
    ...audit.sinks.map(({ ca_file: file }, index) => ({ path: ['audit', 'sinks', index, 'ca_file'], file })),
  ]
  return files.flatMap(({ path, file }) => (file === undefined ? [] : [{ path, file }]))
}

/**
 * An unusable key, certificate or program as a fault of the configuration, at the place that names it; any other error
 * as it is.
 */
export function atConfigPlace(error: unknown, loaded: LoadedConfig, file: string): unknown {
  if (!(error instanceof AppError)) return error
  const at = (path: readonly (string | number)[]) =>
    new ConfigError([{ file, ...loaded.locate(path), path: path.join('.'), message: error.message }])
  if (error instanceof SignatureKeyError) return at(error.path)
  if (!('file' in error)) return error
  const external = EXTERNAL_KEYS.find(([section, key]) => valueAt(loaded, section, key) === error.file)
  if (external !== undefined) return at(external)
  const tlsFile = tlsFiles(loaded).find(entry => entry.file === error.file)
  if (tlsFile !== undefined) return at(tlsFile.path)
  const named = namedFiles(loaded).find(entry => entry.file === error.file)
  return named === undefined
    ? error
    : new ConfigError([fileIssue(named.key, error.message, { loaded, file })])
}

function valueAt({ config }: LoadedConfig, section: (typeof EXTERNAL_KEYS)[number][0], key: string): unknown {
  const values: object = config[section] ?? {}
  return Object.entries(values).find(([name]) => name === key)?.[1]
}

/** What is to be said about a file, at the key that names it. */
export function fileIssue(
  key: FileKey,
  message: string,
  { loaded, file }: { readonly loaded: LoadedConfig; readonly file: string },
): ConfigIssue {
  // Where neither section says, docker_auth's `server` names the files for both.
  const path = isWritten(key, loaded) ? key : ['server', key[1]]
  return { file, ...loaded.locate(path), path: path.join('.'), message }
}

/** A key that the file does not have is located at its section. */
function isWritten([section, name]: FileKey, { locate }: LoadedConfig): boolean {
  const [own, parent] = [locate([section, name]), locate([section])]
  return own.line !== parent.line || own.column !== parent.column
}
