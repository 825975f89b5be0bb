import t from 'tap'
import { createProgressBar } from '../../src/cli/progress-bar.ts'
import { waitFor } from '../support/wait-for.ts'
import { fakeTerminal } from './fake-terminal.ts'

t.test('a bar is drawn on a terminal, and taken away at the end', async t => {
  const { terminal, written } = fakeTerminal({ isTty: true })
  const bar = createProgressBar('reading', terminal)
  await waitFor('a bar', () => {
    bar.show(1, 2)
    return written.err !== ''
  })
  t.equal(written.err, `\r\u001b[Kreading [${'#'.repeat(15)}${'.'.repeat(15)}] 50%`)
  bar.end()
  t.ok(written.err.endsWith('\r\u001b[K'))
  t.equal(written.out, '')
})

t.test('nothing is drawn elsewhere', async t => {
  const { terminal, written } = fakeTerminal()
  const bar = createProgressBar('reading', terminal)
  bar.show(1, 2)
  bar.end()
  t.equal(written.err, '')
})
