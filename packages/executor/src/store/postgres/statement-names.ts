/** Maximum number of statements with a name. Each connection keeps every named statement that it has run. */
const maxNames = 200

/**
 * Names of the statements of a pool. The server parses and analyses a statement with a name once for each connection, which
 * otherwise takes as long as running most of them.
 */
export class StatementNames {
  readonly #names = new Map<string, string>()

  /** Returns the name of a statement; undefined if too many others have one. */
  nameOf(text: string): string | undefined {
    const known = this.#names.get(text)
    if (known !== undefined || this.#names.size >= maxNames) return known
    const name = `codemode_${this.#names.size}`
    this.#names.set(text, name)
    return name
  }
}
