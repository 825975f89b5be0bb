import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createKeySet } from '../../src/signature/key-set.ts'
import { type KeyedRule, loadKeys } from '../../src/signature/load-keys.ts'
import { parsePublicKeys } from '../../src/signature/public-key.ts'
import { SignatureKeyError } from '../../src/signature/signature-key-error.ts'
import { signerOf } from '../../src/signature/signer-of.ts'
import { keysOf, recorded } from './recorded-content.ts'

const fixtures = join(import.meta.dirname, '../fixtures/keys')
const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
const MESSAGE = Buffer.from('a payload')

t.test('verifies signatures of every kind of key, and of no other', async t => {
  const pairs = {
    'P-256': { ...ec('P-256'), hashes: ['sha256'], weak: ['sha1', 'sha512'] },
    'P-384': { ...ec('P-384'), hashes: ['sha256', 'sha384'], weak: ['sha1', 'sha512'] },
    'P-521': { ...ec('P-521'), hashes: ['sha256', 'sha512'], weak: ['sha1', 'sha384'] },
    RSA: {
      ...generateKeyPairSync('rsa', { modulusLength: 2048 }),
      hashes: ['sha256', 'sha384', 'sha512'],
      weak: ['sha1'],
    },
    Ed25519: { ...generateKeyPairSync('ed25519'), hashes: [null], weak: [] },
  }
  const all = createKeySet(Object.values(pairs).flatMap(({ publicKey }) => keysOf(pemOf(publicKey))))
  for (const [name, { privateKey, publicKey, hashes, weak }] of Object.entries(pairs)) {
    const [own] = keysOf(pemOf(publicKey))
    const others = createKeySet(all.keys.filter(key => key.fingerprint !== own?.fingerprint))
    for (const hash of hashes) {
      const signature = sign(hash, MESSAGE, privateKey)
      t.equal(signerOf(MESSAGE, signature, all)?.fingerprint, own?.fingerprint, `${name} ${hash}`)
      t.equal(signerOf(MESSAGE, signature, others), undefined, `${name} ${hash}, other keys`)
      t.equal(signerOf(Buffer.from('another'), signature, all), undefined, `${name} ${hash}, other text`)
      const flipped = Buffer.from(signature)
      flipped.writeUInt8(flipped.readUInt8(flipped.length - 1) ^ 1, flipped.length - 1)
      t.equal(signerOf(MESSAGE, flipped, all), undefined, `${name} ${hash}, one bit`)
    }
    for (const hash of weak) {
      t.equal(signerOf(MESSAGE, sign(hash, MESSAGE, privateKey), all), undefined, `${name} ${hash}`)
    }
  }
  const { privateKey } = pairs['P-256']
  const raw = sign('sha256', MESSAGE, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  t.equal(signerOf(MESSAGE, raw, all), undefined, 'ECDSA in another encoding')
  t.equal(signerOf(MESSAGE, new Uint8Array(), all), undefined, 'no signature')
})

t.test('takes a public key by its hint in the bundle for the same as ours', async t => {
  const [key] = keysOf(recorded.keys.p256)
  const hint = 'xd6MF6QPU94MPFdDRRz002Id0ppY6gkrFnTlaZDhYeI='
  t.equal(key?.fingerprint, `sha256:${Buffer.from(hint, 'base64').toString('hex')}`)
})

t.test('refuses keys that cannot be used, and says why', async t => {
  const { privateKey, publicKey } = ec('P-256')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const cases: readonly (readonly [pem: string, fault: string])[] = [
    ['', 'holds no public key in PEM form'],
    ['ssh-ed25519 AAAA', 'holds no public key in PEM form'],
    [
      privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'holds a private key; give the public one, cosign.pub',
    ],
    [
      '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAA==\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n',
      'holds a private key; give the public one, cosign.pub',
    ],
    [readFileSync(join(fixtures, 'p256.crt'), 'utf8'), 'holds a CERTIFICATE, not a PUBLIC KEY'],
    [
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
      'holds a public key that cannot be read',
    ],
    [pemOf(rsa.publicKey), 'holds an RSA key of 1024 bits; at least 2048 are needed'],
    [
      pemOf(ec('secp256k1').publicKey),
      'holds a key on the curve secp256k1; use ECDSA on P-256, P-384 or P-521, RSA or Ed25519',
    ],
    [
      pemOf(generateKeyPairSync('x25519').publicKey),
      'holds a key of type x25519; use ECDSA on P-256, P-384 or P-521, RSA or Ed25519',
    ],
    [pemOf(publicKey) + pemOf(rsa.publicKey), 'holds an RSA key of 1024 bits; at least 2048 are needed'],
  ]
  for (const [pem, fault] of cases) t.strictSame(parsePublicKeys(pem), { fault })
})

t.test('a set of keys is the same in any order and however often a key is in it', async t => {
  const [a, b] = [keysOf(recorded.keys.p256), keysOf(recorded.keys.rsa)]
  const set = createKeySet([...a, ...b])
  t.equal(createKeySet([...b, ...a, ...b]).id, set.id)
  t.equal(createKeySet([...b, ...a, ...b]).keys.length, 2)
  t.not(createKeySet(a).id, set.id)
})

t.test('loads the keys of rules from files and from the configuration', async t => {
  const base = { name: 'prod/*', mode: 'enforce', signers: [], keys: [] } as const
  const files: Readonly<Record<string, string>> = {
    'both.pub': `# two\n${recorded.keys.p256}${recorded.keys.rsa}`,
    'bad.pub': 'nothing',
  }
  const load = (...rules: readonly KeyedRule[]) =>
    loadKeys(rules, {
      readText: async file => {
        const text = files[file]
        if (text === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' })
        return text
      },
    })
  const [rule] = await load({ ...base, key_file: 'both.pub', keys: [recorded.keys.ed25519] })
  t.equal(rule?.keys.keys.length, 3)
  t.notHas(rule, { key_file: 'both.pub' })
  const failures: readonly (readonly [rules: readonly KeyedRule[], path: unknown, message: string])[] = [
    [
      [
        { ...base, key_file: 'both.pub' },
        { ...base, key_file: 'none.pub' },
      ],
      ['require_signature', 1, 'key_file'],
      'none.pub: cannot be read (ENOENT)',
    ],
    [
      [{ ...base, key_file: 'bad.pub' }],
      ['require_signature', 0, 'key_file'],
      'bad.pub: holds no public key in PEM form',
    ],
    [
      [{ ...base, keys: [recorded.keys.p256, 'cosign.pub'] }],
      ['require_signature', 0, 'keys', 1],
      'holds no public key in PEM form',
    ],
  ]
  for (const [rules, path, message] of failures) {
    const error = await load(...rules).catch((cause: unknown) => cause)
    t.ok(error instanceof SignatureKeyError)
    t.match(error, { path, message })
  }
})
