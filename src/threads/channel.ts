import { ThreadUnavailable } from './thread-unavailable.ts'
import { fromWire, toWire, type WireError } from './wire-error.ts'

/** What one thread answers to another: functions by name, each of at most one value that can be cloned. */
export type Calls<T> = { readonly [K in keyof T]: (value: never) => Promise<unknown> }

/** The other thread, as this one sees it. */
export interface Channel<Remote extends Calls<Remote>> {
  /** Rejects with what the other thread's function threw, or ThreadUnavailable. */
  ask<K extends keyof Remote & string>(name: K, ...value: Parameters<Remote[K]>): ReturnType<Remote[K]>
  /** Asks and expects no answer; a failure there is that thread's affair. */
  tell<K extends keyof Remote & string>(name: K, ...value: Parameters<Remote[K]>): void
  /** Fails every question that waits and every later one; what was asked of this thread goes on unanswered. */
  close(reason: string): void
  /** Questions that wait for their answer. */
  pending(): number
}

/** Either end of a MessagePort. */
export interface ChannelPort {
  postMessage(value: unknown): void
  on(event: 'message', listener: (value: unknown) => void): unknown
}

type Message =
  | readonly ['ask', id: number, name: string, value: unknown]
  | readonly ['tell', name: string, value: unknown]
  | readonly ['answer', id: number, value: unknown]
  | readonly ['failure', id: number, error: WireError]

type Answer = PromiseWithResolvers<unknown>

interface State {
  readonly port: ChannelPort
  readonly answers: Readonly<Record<string, (value: never) => Promise<unknown>>>
  readonly waiting: Map<number, Answer>
  lastId: number
  outbox: Message[]
  closed: string | undefined
}

const MAX_PENDING = 20_000

/**
 * A channel over one end of a port, whose other end has one, too. What is sent in one turn of the event loop goes out
 * as one message, which costs less than half of the CPU; order is kept. At most `maxPending` questions wait at once.
 */
export function createChannel<Remote extends Calls<Remote>>(
  port: ChannelPort,
  answers: State['answers'],
  maxPending = MAX_PENDING,
): Channel<Remote> {
  const state: State = { port, answers, waiting: new Map(), lastId: 0, outbox: [], closed: undefined }
  port.on('message', value => {
    for (const message of value as readonly Message[]) receive(state, message)
  })
  const ask = (name: string, value: unknown): Promise<unknown> => {
    if (state.closed !== undefined) return Promise.reject(new ThreadUnavailable(state.closed))
    if (state.waiting.size >= maxPending) {
      return Promise.reject(new ThreadUnavailable('too many questions wait for another thread'))
    }
    state.lastId += 1
    const answer: Answer = Promise.withResolvers()
    state.waiting.set(state.lastId, answer)
    send(state, ['ask', state.lastId, name, value])
    return answer.promise
  }
  return {
    ask: (name, ...[value]) => ask(name, value) as ReturnType<Remote[typeof name]>,
    tell: (name, ...[value]) => send(state, ['tell', name, value]),
    close: reason => {
      state.closed ??= reason
      for (const answer of state.waiting.values()) answer.reject(new ThreadUnavailable(state.closed))
      state.waiting.clear()
      state.outbox = []
    },
    pending: () => state.waiting.size,
  }
}

function receive(state: State, message: Message): void {
  switch (message[0]) {
    case 'ask':
      void respond(state, message[1], call(state, message[2], message[3]))
      break
    case 'tell':
      // Whoever tells does not want to know.
      call(state, message[1], message[2]).catch(() => undefined)
      break
    case 'answer':
      take(state, message[1])?.resolve(message[2])
      break
    case 'failure':
      take(state, message[1])?.reject(fromWire(message[2]))
      break
  }
}

async function call({ answers }: State, name: string, value: unknown): Promise<unknown> {
  const answer = Object.hasOwn(answers, name) ? answers[name] : undefined
  if (answer === undefined) throw new TypeError(`no thread answers ${name}`)
  return await answer(value as never)
}

async function respond(state: State, id: number, called: Promise<unknown>): Promise<void> {
  try {
    send(state, ['answer', id, await called])
  } catch (error) {
    send(state, ['failure', id, toWire(error)])
  }
}

function take({ waiting }: State, id: number): Answer | undefined {
  const answer = waiting.get(id)
  waiting.delete(id)
  return answer
}

function send(state: State, message: Message): void {
  if (state.closed !== undefined) return
  // After the callbacks of all sockets of this turn, and before the loop waits again.
  if (state.outbox.length === 0) setImmediate(flush, state)
  state.outbox.push(message)
}

function flush(state: State): void {
  const messages = state.outbox
  state.outbox = []
  if (messages.length === 0) return
  try {
    state.port.postMessage(messages)
  } catch {
    // One that cannot be cloned must not take the others with it.
    for (const message of messages) deliver(state, message)
  }
}

function deliver(state: State, message: Message): void {
  try {
    state.port.postMessage([message])
  } catch (error) {
    if (message[0] === 'ask') take(state, message[1])?.reject(error)
    else if (message[0] !== 'tell') state.port.postMessage([['failure', message[1], toWire(error)]])
  }
}
