import { loadConfig } from '../config/load.ts'
import type { Subject } from '../model/subject.ts'
import { whoCan as holdersOf } from '../policy/who-can.ts'
import { type CanIQuestion, questionOf } from './can-i.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Lists the users of the configuration, and the anonymous one, that may do all of it. Exit 0, or 1 when nobody may. */
export async function whoCan(asked: CanIQuestion, terminal: Terminal): Promise<number> {
  try {
    const loaded = await loadConfig(asked.config, terminal.env)
    const { subject: _nobody, ...question } = questionOf(asked, loaded)
    const subjects = Array.from(
      loaded.config.users,
      ([name, { labels }]): Subject => ({ name, via: name === '' ? 'anonymous' : 'static', labels }),
    )
    const holders = holdersOf(loaded.policy, { ...question, subjects })
    const names = holders.map(({ subject }) => subject.name || '(anonymous)')
    const width = Math.max(0, ...names.map(name => name.length))
    const lines = holders.map(({ reason }, at) => `${(names[at] ?? '').padEnd(width)}  ${reason}`)
    terminal.print(`${(lines.length === 0 ? ['nobody'] : lines).join('\n')}\n`)
    return holders.length === 0 ? EXIT.failed : EXIT.ok
  } catch (error) {
    return complainOf(error, terminal)
  }
}
