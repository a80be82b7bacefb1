import { inspect } from 'node:util'

import type { Execution, Session } from '@codemode/client'

/** Session of a command line. */
export class Notebook {
  #session: Session
  #running: Execution | undefined

  constructor(session: Session) {
    this.#session = session
  }

  /** Runs code as the next step. Resolves with its console output, and its value or its error. */
  async run(code: string): Promise<string> {
    const step = await this.#session.addStep(code)
    this.#running = step
    const result = await this.#session.waitForTask(step.id)
    this.#running = undefined
    const lines = result.logs.map(({ text }) => text)
    if (result.success) {
      return [...lines, ...(result.result === null ? [] : [inspect(result.result)])].join('\n')
    }
    const { name, message, guestStack = `${name}: ${message}` } = result.error
    if (result.session?.stateKept === false) lines.push('The variables are those from before this input.')
    return [...lines, guestStack].join('\n')
  }

  /** Cancels the code that runs. Returns whether there is some. */
  interrupt(): boolean {
    this.#running?.cancel('interrupted').catch(() => {})
    return this.#running !== undefined
  }

  /** Returns the variables, one a line. */
  async variables(): Promise<string> {
    const { variables } = await this.#session.record()
    return variables.map(({ kind, name }) => `${kind} ${name}`).join('\n') || 'no variables'
  }

  /** Goes on in a copy of the session. */
  async fork(atStep: number | undefined): Promise<string> {
    this.#session = await this.#session.fork({ atStep })
    return `now in the fork ${this.#session.id}`
  }

  /** Removes the variables. */
  async reset(): Promise<string> {
    await this.#session.reset()
    return 'started over'
  }

  /** Ends the session. */
  close(): Promise<void> {
    return this.#session.close()
  }
}
