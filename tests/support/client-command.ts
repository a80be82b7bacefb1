import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { execPath } from 'node:process'

import { clientProgram } from '@codemode/testkit'

/** Output and exit code of a command. */
export interface CommandOutput {
  readonly exitCode: unknown
  readonly stdout: string
  readonly stderr: string
}

/** Command `codemode` in a process of its own, with exactly these variables. */
export class ClientCommand {
  /** Resolves when the process has ended. */
  readonly ended: Promise<CommandOutput>
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess

  constructor(
    args: readonly string[],
    { env, input = '', cwd }: { env: Record<string, string>; input?: string; cwd: string },
  ) {
    const child = spawn(execPath, [...clientProgram, ...args], { env, cwd })
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = once(child, 'close').then(([exitCode]) => {
      const { stdout, stderr } = this
      return { exitCode, stdout, stderr }
    })
    child.stdin.end(input)
  }

  /** Sends the signal of Ctrl+C. */
  interrupt(): void {
    this.#child.kill('SIGINT')
  }
}
