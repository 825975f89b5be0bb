import t from 'tap'
import { createBodyReader } from '../../src/upstream/body-reader.ts'
import type { BodyFraming } from '../../src/upstream/response-head.ts'

/** Reads `text` in pieces of `size` bytes; what was left over, and the content. */
function read(framing: BodyFraming, text: string, size: number) {
  let content = ''
  const reader = createBodyReader(framing, piece => {
    content += piece.toString('latin1')
  })
  const bytes = Buffer.from(text, 'latin1')
  let used = 0
  for (let at = 0; at < bytes.length && !reader.isComplete(); at += size) {
    used += reader.read(bytes.subarray(at, at + size))
  }
  return { content, rest: text.slice(used), isComplete: reader.isComplete() }
}

t.test('finds the same content and end in pieces of any size', async t => {
  const rows: readonly [
    framing: BodyFraming,
    text: string,
    content: string,
    rest: string,
    isComplete: boolean,
  ][] = [
    [{ kind: 'none' }, '', '', '', true],
    [{ kind: 'length', bytes: 5 }, 'hello', 'hello', '', true],
    [{ kind: 'length', bytes: 6 }, 'hello', 'hello', '', false],
    [{ kind: 'until close' }, 'hello', 'hello', '', false],
    [{ kind: 'chunked' }, '5\r\nhello\r\n0\r\n\r\n', 'hello', '', true],
    [{ kind: 'chunked' }, '5\r\nhello\r\n1;a="b"\r\n!\r\n00\r\nTrailer: x\r\n\r\n', 'hello!', '', true],
    [{ kind: 'chunked' }, 'A \r\n0123456789\r\n0\r\n', '0123456789', '', false],
    [{ kind: 'chunked' }, '2\r\n\r\n\r\n0\r\n\r\n', '\r\n', '', true],
  ]
  for (const [framing, text, content, rest, isComplete] of rows) {
    for (let size = 1; size <= text.length; size++) {
      const found = read(framing, text, size)
      if (!t.strictSame(found, { content, rest, isComplete }, `${JSON.stringify(text)} by ${size}`)) break
    }
  }
})

t.test('leaves what comes behind the body', async t => {
  t.equal(read({ kind: 'length', bytes: 2 }, 'okHTTP/1.1', 100).rest, 'HTTP/1.1')
  t.equal(read({ kind: 'chunked' }, '2\r\nok\r\n0\r\n\r\nHTTP/1.1', 100).rest, 'HTTP/1.1')
  t.equal(createBodyReader({ kind: 'none' }, () => undefined).read(Buffer.from('x')), 0)
})

t.test('refuses broken chunks', async t => {
  const rows = [
    'x\r\n',
    '-1\r\n',
    '+1\r\na\r\n',
    '0x1\r\na\r\n',
    '\r\n',
    '1\na\r\n',
    '1\r\nab\r\n',
    '1\r\na\n',
    '12345678901234\r\n',
    `1;${'x'.repeat(5_000)}\r\n`,
    `0\r\n${'A: b\r\n'.repeat(1_000)}\r\n`,
  ]
  for (const text of rows) {
    t.throws(() => read({ kind: 'chunked' }, text, 7), Error, JSON.stringify(text.slice(0, 30)))
  }
})
