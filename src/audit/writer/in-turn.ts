/** Runs tasks one after the other; a failed one is its caller's affair and does not stop the next. */
export function inTurn<T>(state: { turn: Promise<unknown> }, task: () => Promise<T>): Promise<T> {
  const done = state.turn.then(task)
  state.turn = done.catch(() => {})
  return done
}
