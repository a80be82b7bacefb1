import { Console } from 'node:console'

import type { Codemode } from '../codemode.ts'
import type { ExecutionResult, FailedExecution, PausedExecution } from '../run/execution-result.ts'
import type { RunCommand } from './command-line.ts'
import type { CommandIo } from './command.ts'
import { exitCodeOf } from './exit-codes.ts'
import { openClient } from './open-client.ts'
import { printable } from './printable.ts'
import { showProgress } from './progress.ts'
import { readCode } from './read-code.ts'

/** Runs the code of a file or of standard input, and writes its result. Resolves with the exit code of the command. */
export async function runCode(command: RunCommand, io: CommandIo): Promise<number> {
  const { stdout, stderr, signal } = io
  const code = await readCode(command.file, io)
  // Standard output has the result only, also if tools write to the console.
  Object.assign(console, new Console({ stdout: stderr, stderr }))
  await using codemode = await openClient(command.config)
  if (command.progress ?? stderr.isTTY) showProgress(codemode, stderr)
  const result = await execute(codemode, code, command, signal)
  const { out, err } = (command.json ?? !stdout.isTTY) ? jsonOf(result) : textOf(result)
  stdout.write(out)
  stderr.write(err)
  return exitCodeOf(result)
}

function execute(
  codemode: Codemode,
  code: string,
  { input, timeoutMs }: RunCommand,
  signal: AbortSignal,
): Promise<ExecutionResult> {
  return codemode.run(code, {
    signal,
    ...(input !== undefined && { input: input as object }),
    ...(timeoutMs !== undefined && { executionTimeoutMs: timeoutMs }),
  })
}

interface Output {
  readonly out: string
  readonly err: string
}

/** Returns the result as a line of JSON, and a line for people if there is no value. */
function jsonOf(result: ExecutionResult): Output {
  const out = `${JSON.stringify(result)}\n`
  if (result.success) return { out, err: '' }
  return { out, err: result.status === 'paused' ? pausedText(result) : `${headOf(result)}\n` }
}

/** Returns the result for a terminal. */
function textOf(result: ExecutionResult): Output {
  if (result.success) {
    const value = typeof result.result === 'string' ? result.result : JSON.stringify(result.result, null, 2)
    const warnings = result.warnings.map(({ message }) => `warning: ${printable(message)}\n`)
    return { out: `${printable(value)}\n`, err: warnings.join('') }
  }
  return { out: '', err: result.status === 'paused' ? pausedText(result) : failureText(result) }
}

function headOf({ error: { name, message, code } }: FailedExecution): string {
  const [line = ''] = message.split('\n', 1)
  return printable(`${name}: ${line}${code === 'GUEST_ERROR' ? '' : ` (${code})`}`)
}

function failureText(result: FailedExecution): string {
  const { guestStack, hint } = result.error
  const lines = [
    guestStack === undefined ? headOf(result) : printable(guestStack),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
  ]
  return `${lines.join('\n')}\n`
}

function pausedText({ executionId, approvals }: PausedExecution): string {
  const tools = approvals.map(({ tool }) => tool).join(', ')
  return `The execution ${executionId} waits for an approval of ${printable(tools)}. Decide it with codemode.decide(), and resume it with codemode.resume('${executionId}').\n`
}
