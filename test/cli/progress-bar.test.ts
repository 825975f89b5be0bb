import t from 'tap'
import { createProgressBar } from '../../src/cli/progress-bar.ts'
import { waitFor } from '../support/wait-for.ts'
import { fakeTerminal } from './fake-terminal.ts'

/** What a terminal sees once a bar is drawn, and when it has ended. */
async function draw(
  done: number,
  options: { readonly isTty?: boolean; readonly env?: Record<string, string> },
) {
  const { terminal, written } = fakeTerminal(options)
  const bar = createProgressBar('reading', terminal)
  const drawn = await waitFor('the bar', () => {
    bar.show(done, 2048)
    return written.err !== '' && written.err
  })
  bar.end()
  return { drawn, end: written.err.slice(drawn.length) }
}

t.test('a bar says how much is done, how fast, and how long it takes', async t => {
  const half = await draw(1024, { isTty: true, env: { LANG: 'C.UTF-8' } })
  t.match(half.drawn, /\[Kreading █{14}░{14} {2}50% {2}[\d.]+ (Ki)?B\/s, \d+ s left$/)
  t.equal(half.end, '\r\u001b[K')
})

t.test('it is of ASCII in another locale, and full when the file grew', async t => {
  t.match((await draw(4096, { isTty: true })).drawn, /\[Kreading #{28} 100% {2}/)
})

t.test('nothing is drawn into a file', async t => {
  const { terminal, written } = fakeTerminal()
  const bar = createProgressBar('reading', terminal)
  bar.show(1, 2)
  bar.end()
  t.equal(written.err, '')
})
