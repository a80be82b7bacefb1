import type { Codemode, Execution, Json, LogEntry, Session } from '@codemode/client'

/** Outcome of one input. */
export interface Outcome {
  readonly logs: readonly LogEntry[]
  /** Text of the failure; undefined if the code ended with a value. */
  readonly error: string | undefined
  readonly value: Json | undefined
}

/** Session of a command line, whose inputs and commands are performed one after the other. */
export class Notebook {
  #session: Session
  #running: Execution | undefined
  #last: Promise<unknown> = Promise.resolve()

  private constructor(session: Session) {
    this.#session = session
  }

  static async open(codemode: Codemode): Promise<Notebook> {
    return new Notebook(await codemode.session({ label: 'repl' }))
  }

  /** Runs code as the next step. */
  run(code: string): Promise<Outcome> {
    return this.#inOrder(async () => {
      const step = await this.#session.addStep(code)
      this.#running = step
      const result = await this.#session.waitForTask(step.id)
      this.#running = undefined
      const { logs, session } = result
      if (result.success) return { logs, error: undefined, value: result.result }
      const { name, message, guestStack } = result.error
      const note = session?.stateKept === false ? '\nThe variables are those from before this input.' : ''
      return { logs, error: `${guestStack ?? `${name}: ${message}`}${note}`, value: undefined }
    })
  }

  /** Cancels the code that runs. Returns whether there is some. */
  interrupt(): boolean {
    this.#running?.cancel('interrupted').catch(() => {})
    return this.#running !== undefined
  }

  variables(): Promise<string> {
    return this.#inOrder(async () => {
      const { variables } = await this.#session.record()
      return variables.map(({ kind, name }) => `${kind} ${name}`).join('\n') || 'no variables'
    })
  }

  fork(atStep: number | undefined): Promise<string> {
    return this.#inOrder(async () => {
      const fork = await this.#session.fork({ atStep })
      await this.#session[Symbol.asyncDispose]()
      this.#session = fork
      return `now in the fork ${fork.id}`
    })
  }

  reset(): Promise<string> {
    return this.#inOrder(async () => {
      await this.#session.reset()
      return 'started over'
    })
  }

  /** Ends the session, after all inputs. */
  close(): Promise<void> {
    return this.#inOrder(() => this.#session.close())
  }

  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}
