import { createKeySet } from './key-set.ts'
import { type PublicKey, parsePublicKeys } from './public-key.ts'
import { SignatureKeyError } from './signature-key-error.ts'
import type { SignatureRule } from './signature-rule.ts'

/** A rule as the configuration has it: a PEM file, PEM texts, or both. */
export interface KeyedRule extends Omit<SignatureRule, 'keys'> {
  readonly key_file?: string
  readonly keys: readonly string[]
}

/**
 * The rules with their keys, read and checked.
 * @throws SignatureKeyError for the first key that cannot be used, with the path of its place in the configuration.
 */
export async function loadKeys(
  rules: readonly KeyedRule[],
  { readText }: { readonly readText: (file: string) => Promise<string> },
): Promise<readonly SignatureRule[]> {
  return Promise.all(
    rules.map(async ({ key_file, keys, ...rule }, index) => {
      const path = ['require_signature', index]
      const ofFile = key_file === undefined ? [] : await keysOfFile(key_file, [...path, 'key_file'], readText)
      const inline = keys.flatMap((pem, at) => keysOf(pem, [...path, 'keys', at]))
      return { ...rule, keys: createKeySet([...ofFile, ...inline]) }
    }),
  )
}

async function keysOfFile(
  file: string,
  path: SignatureKeyError['path'],
  readText: (file: string) => Promise<string>,
): Promise<readonly PublicKey[]> {
  const pem = await readText(file).catch((cause: NodeJS.ErrnoException) => {
    throw new SignatureKeyError(path, `${file}: cannot be read (${cause.code ?? cause.message})`, { cause })
  })
  return keysOf(pem, path, `${file}: `)
}

function keysOf(pem: string, path: SignatureKeyError['path'], prefix = ''): readonly PublicKey[] {
  const result = parsePublicKeys(pem)
  if ('fault' in result) throw new SignatureKeyError(path, prefix + result.fault)
  return result.keys
}
