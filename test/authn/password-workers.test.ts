import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { hashSync } from 'bcryptjs'
import t, { type Test } from 'tap'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { bcryptCost, normalizeBcryptHash } from '../../src/authn/bcrypt-hash.ts'
import { createPasswordWorkers } from '../../src/authn/password-workers.ts'
import { AuthnUnavailable } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'

const HASH = hashSync('right', 4)
/** Takes longer than any test: 2^31 rounds. */
const ENDLESS = new Secret(`$2b$31$${'.'.repeat(53)}`)
const secret = (text: string) => new Secret(text)

/** A worker that dies when asked, in the ways a thread can die. */
const FRAGILE = `
  import { parentPort } from 'node:worker_threads'
  parentPort.on('message', ({ password }) => {
    if (password === 'exit') process.exit(7)
    if (password === 'throw') throw new Error('out of order')
    if (password !== 'silence') parentPort.postMessage(password === 'right')
  })`

function fragileScript(t: Test): URL {
  return pathToFileURL(join(t.testdir({ 'fragile.mjs': FRAGILE }), 'fragile.mjs'))
}

t.test('reads every form of a bcrypt hash that Go reads', async t => {
  const tail = HASH.slice(6)
  const cases: readonly [text: string, cost: number | undefined][] = [
    [`$2a$04${tail}`, 4],
    [`$2b$04${tail}`, 4],
    [`$2y$04${tail}`, 4],
    [`$2x$04${tail}`, 4],
    [`$2$04${tail}`, 4],
    [`$2y$31${tail}`, 31],
    [`$2y$04${tail}\n`, 4],
    [`$2y$04${tail}   `, 4],
    [`$2y$04${tail}rest`, 4],
    [`$2y$03${tail}`, undefined],
    [`$2y$32${tail}`, undefined],
    [`$2y$4${tail}`, undefined],
    [`$1$04${tail}`, undefined],
    [`$2y$04${tail.slice(0, -1)}`, undefined],
    [` $2y$04${tail}`, undefined],
    ['$apr1$x$y', undefined],
    ['', undefined],
  ]
  for (const [text, cost] of cases) {
    t.equal(bcryptCost(text), cost, JSON.stringify(text))
    const normal = cost === undefined ? undefined : `$2b$${String(cost).padStart(2, '0')}${tail}`
    t.equal(normalizeBcryptHash(text), normal, JSON.stringify(text))
  }
})

t.test('tells the right password from a wrong one', async t => {
  const workers = createPasswordWorkers({ workers: 1 })
  t.teardown(workers.close)
  const long = hashSync('x'.repeat(80), 4)
  const cases: readonly [password: string, hash: string, matches: boolean][] = [
    ['right', HASH, true],
    ['wrong', HASH, false],
    ['', HASH, false],
    ['right', HASH.replace('$2b$', '$2y$'), true],
    ['right', HASH.replace('$2b$', '$2x$'), true],
    ['right', HASH.replace('$2b$', '$2$'), true],
    ['right', `${HASH}\r\n`, true],
    ['x'.repeat(72), long, true],
    ['x'.repeat(71), long, false],
    ['pässwörd', hashSync('pässwörd', 4), true],
    ['', '', false],
    ['right', 'right', false],
  ]
  for (const [password, hash, matches] of cases) {
    t.equal(await workers.verify(secret(hash), secret(password)), matches, JSON.stringify([password, hash]))
  }
})

t.test('refuses a check when the queue is full, and works on when it is not', async t => {
  const script = fragileScript(t)
  const workers = createPasswordWorkers({ workers: 1, maxQueue: 2, script })
  t.teardown(workers.close)
  const answers = ['right', 'wrong', 'right'].map(word => workers.verify(secret(HASH), secret(word)))
  t.equal(workers.queued(), 2)
  const refused = workers.verify(secret(HASH), secret('right'))
  await t.rejects(refused, {
    name: 'AuthnUnavailable',
    code: 'AUTHN_UNAVAILABLE',
    retryAfterSeconds: 5,
    isOverload: true,
  })
  t.strictSame(await Promise.all(answers), [true, false, true])
  t.equal(workers.queued(), 0)
  t.equal(await workers.verify(secret(HASH), secret('right')), true)
})

t.test('replaces a thread that dies and fails only the check it had', async t => {
  const script = fragileScript(t)
  const workers = createPasswordWorkers({ workers: 1, script })
  t.teardown(workers.close)
  const words = ['right', 'exit', 'right', 'throw', 'wrong']
  const settled = await Promise.allSettled(words.map(word => workers.verify(secret(HASH), secret(word))))
  t.strictSame(
    settled.map(one => (one.status === 'fulfilled' ? one.value : one.reason instanceof AuthnUnavailable)),
    [true, true, true, true, false],
  )
  t.strictSame(
    settled.map(one => one.status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
  )
})

t.test('gives up a check that takes too long, even inside bcrypt, and goes on', async t => {
  const workers = createPasswordWorkers({ workers: 1, timeoutMs: 2_000 })
  t.teardown(workers.close)
  await t.rejects(workers.verify(ENDLESS, secret('x')), { code: 'AUTHN_UNAVAILABLE' })
  t.equal(await workers.verify(secret(HASH), secret('right')), true)
})

t.test('gives up a check that waits too long for a thread', async t => {
  const script = fragileScript(t)
  const workers = createPasswordWorkers({ workers: 1, timeoutMs: 100, script })
  t.teardown(workers.close)
  const silent = ['silence', 'silence', 'silence'].map(word => workers.verify(secret(HASH), secret(word)))
  const settled = await Promise.allSettled(silent)
  t.ok(settled.every(one => one.status === 'rejected' && one.reason instanceof AuthnUnavailable))
  t.equal(workers.queued(), 0)
})

t.test('a thread whose file is missing is a failed check, not a crash', async t => {
  const workers = createPasswordWorkers({ workers: 1, script: new URL('file:///nowhere/at-all.mjs') })
  t.teardown(workers.close)
  await t.rejects(workers.verify(secret(HASH), secret('right')), { code: 'AUTHN_UNAVAILABLE' })
  await t.rejects(workers.verify(secret(HASH), secret('right')), { code: 'AUTHN_UNAVAILABLE' })
})

t.test('close fails what waits or runs, and every later check', async t => {
  const workers = createPasswordWorkers({ workers: 1 })
  const underWay = [workers.verify(ENDLESS, secret('x')), workers.verify(secret(HASH), secret('right'))]
  const settled = Promise.allSettled(underWay)
  await workers.close()
  t.strictSame(
    (await settled).map(one => one.status),
    ['rejected', 'rejected'],
  )
  await t.rejects(workers.verify(secret(HASH), secret('right')), { code: 'AUTHN_UNAVAILABLE' })
  await workers.close()
})

t.test('idle threads do not keep the process alive, a check under way does', async t => {
  const load = (name: string) => JSON.stringify(new URL(`../../src/${name}.ts`, import.meta.url).href)
  const program = `
    import { createPasswordWorkers } from ${load('authn/password-workers')}
    import { Secret } from ${load('model/secret')}
    const matches = await createPasswordWorkers().verify(new Secret('${HASH}'), new Secret('right'))
    process.stdout.write(String(matches))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  t.equal(stdout, 'true')
})

t.test('the event loop turns while passwords are checked', async t => {
  const workers = createPasswordWorkers({ workers: 1 })
  t.teardown(workers.close)
  let turns = 0
  const counting = setInterval(() => {
    turns += 1
  }, 1)
  t.teardown(() => clearInterval(counting))
  await workers.verify(secret(hashSync('slow', 10)), secret('slow'))
  t.ok(turns > 3, `${turns} turns`)
})

t.test('finds its thread also when compiled', async t => {
  const names = [
    'authn/bcrypt-hash',
    'authn/password-thread',
    'authn/password-worker',
    'authn/password-workers',
  ]
  const sources = [...names, 'model/errors', 'model/one-line', 'model/secret']
  const compiled = sources.map(name => [name, compile(`src/${name}.ts`)] as const)
  const pick = (folder: string) =>
    Object.fromEntries(
      compiled
        .filter(([name]) => name.startsWith(folder))
        .map(([name, text]) => [`${name.slice(folder.length)}.js`, text]),
    )
  const dir = t.testdir({ 'package.json': '{"type":"module"}', authn: pick('authn/'), model: pick('model/') })
  const built = await import(pathToFileURL(join(dir, 'authn/password-workers.js')).href)
  const workers = built.createPasswordWorkers({ workers: 1 })
  t.teardown(workers.close)
  t.equal(await workers.verify(secret(HASH), secret('right')), true)
})

function compile(path: string): string {
  const source = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const compilerOptions = {
    module: ModuleKind.ESNext,
    target: ScriptTarget.ES2024,
    rewriteRelativeImportExtensions: true,
  }
  return transpileModule(source, { compilerOptions }).outputText
}
