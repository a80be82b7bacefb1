import { type Runtime, Session } from 'node:inspector/promises'
import { createContext } from 'node:vm'

/** Sessions of V8's own REPL mode, as in the console of a browser, each in a context of its own. */
export class V8Repl {
  readonly #session = new Session()
  #contextId = 0

  static async open(): Promise<V8Repl> {
    const repl = new V8Repl()
    repl.#session.connect()
    repl.#session.on('Runtime.executionContextCreated', ({ params }) => {
      repl.#contextId = params.context.id
    })
    await repl.#session.post('Runtime.enable')
    return repl
  }

  /** Runs steps in a new context. Returns the value of each, or the first line of its error. */
  async run(steps: readonly string[]): Promise<unknown[]> {
    createContext({}, { name: 'session' })
    const contextId = this.#contextId
    const values: unknown[] = []
    for (const expression of steps) {
      // The types of Node do not have `replMode` yet.
      const parameters: object = { expression, contextId, replMode: true, awaitPromise: true, returnByValue: true }
      const { result, exceptionDetails } = await this.#session.post(
        'Runtime.evaluate',
        parameters as Runtime.EvaluateParameterType,
      )
      if (exceptionDetails) {
        const { description, value } = exceptionDetails.exception!
        values.push((description ?? `Error: ${String(value)}`).split('\n')[0])
      } else values.push((result.value as unknown) ?? null)
    }
    return values
  }

  close(): void {
    this.#session.disconnect()
  }
}
