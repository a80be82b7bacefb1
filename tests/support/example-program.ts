import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

import { packageFlags } from '@codemode/testkit'

interface ProgramOptions {
  readonly args?: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** True if the program runs in a terminal of its own, from which it also gets its input. */
  readonly hasTerminal?: boolean
}

/** Program of `examples/` in a process of its own. Disposing it ends the process with SIGKILL. */
export class ExampleProgram implements AsyncDisposable {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown[]>

  constructor(path: string, { args = [], env, hasTerminal = false }: ProgramOptions) {
    const file = fileURLToPath(new URL(`../../examples/${path}`, import.meta.url))
    const command = [execPath, ...packageFlags, file, ...args]
    const [program, ...rest] = hasTerminal ? inTerminal(command) : command
    this.#child = spawn(program!, rest, { env })
    this.#child.stdout!.on('data', (text) => (this.stdout += String(text)))
    this.#child.stderr!.on('data', (text) => (this.stderr += String(text)))
    this.#closed = once(this.#child, 'close')
  }

  /** Resolves when the program has ended, with its exit code and what it wrote to stderr. */
  async ended(): Promise<{ code: unknown; stderr: string }> {
    const [code] = await this.#closed
    return { code, stderr: this.stderr }
  }

  /** Writes text to the input of the program. */
  write(text: string): void {
    this.#child.stdin!.write(text)
  }

  /** Ends the input of the program. */
  endInput(): void {
    this.#child.stdin!.end()
  }

  /** Sends the signal of Ctrl+C. */
  interrupt(): void {
    this.#child.kill('SIGINT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }
}

/** Returns the command that runs another one in a terminal of its own, and ends with its exit code. */
function inTerminal(command: readonly string[]): string[] {
  const line = command.map((part) => `'${part}'`).join(' ')
  return ['script', '--quiet', '--return', '--command', line, '/dev/null']
}
