import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Process that measures a part of the lower bound: it sends a message when it is ready, and answers each message. */
export class FloorProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended = new AbortController()

  private constructor(file: string) {
    // isolated-vm requires this option.
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), {
      execArgv: ['--no-node-snapshot'],
      stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    })
    this.#child.once('exit', () => this.#ended.abort(new Error(`the process of ${file} has ended`)))
  }

  static async start(file: string): Promise<{ readonly process: FloorProcess; readonly first: unknown }> {
    const process = new FloorProcess(file)
    return { process, first: await process.#next() }
  }

  async ask(message: object): Promise<unknown> {
    const answer = this.#next()
    this.#child.send(message)
    return await answer
  }

  /** Writes to the standard input of the process, and resolves with its next output. */
  async echo(bytes: Buffer): Promise<Buffer> {
    const answer = once(this.#child.stdout!, 'data', { signal: this.#ended.signal })
    this.#child.stdin!.write(bytes)
    return (await answer)[0]
  }

  async #next(): Promise<unknown> {
    return (await once(this.#child, 'message', { signal: this.#ended.signal }))[0]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended.signal.aborted) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}
