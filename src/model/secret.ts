/**
 * A value that must not reach a log, an error or a dump: printing, JSON and `inspect` give `***`.
 * `reveal()` is the only way to the text, so that every use can be found by its name.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***'
  }
}
