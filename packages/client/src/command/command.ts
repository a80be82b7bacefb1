// The command codemode. Only this module uses the arguments, the signals and the exit code of the process.
import { readFileSync } from 'node:fs'
import process, { stderr, stdin, stdout } from 'node:process'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { parseCommand, type Command } from './command-line.ts'
import { describeForOperator } from './describe-for-operator.ts'
import { exitCodes } from './exit-codes.ts'
import { helpText, mcpHelpText, runHelpText } from './help.ts'
import { UsageError } from './usage-error.ts'

/** Streams of the process, and the signal that aborts when the process is asked to end. */
export interface CommandIo {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly signal: AbortSignal
}

/** Runs the command that the process's arguments name, and sets the exit code. If it fails, prints the reason. */
export async function run(): Promise<void> {
  const ending = endOnSignals()
  try {
    const command = parseCommand(process.argv.slice(2))
    process.exitCode = await runCommand(command, { stdin, stdout, stderr, signal: ending.signal })
  } catch (error) {
    if (!ending.signal.aborted) stderr.write(`${describeForOperator(error)}\n`)
    process.exitCode = exitCodeOfError(error)
  }
  if (ending.signal.aborted) process.exitCode = ending.exitCode()
}

async function runCommand(command: Command, io: CommandIo): Promise<number> {
  switch (command.name) {
    case 'help':
      io.stdout.write(command.of === undefined ? helpText() : command.of === 'run' ? runHelpText() : mcpHelpText())
      return 0
    case 'version':
      io.stdout.write(`${packageVersion()}\n`)
      return 0
    case 'run': {
      const { runCode } = await import('./run-code.ts')
      return runCode(command, io)
    }
    case 'mcp': {
      const { serveMcp } = await import('./serve-mcp.ts')
      await serveMcp(command, io)
      return 0
    }
  }
}

/** Returns a signal that aborts on SIGINT or SIGTERM. A second one ends the process at once. */
function endOnSignals(): { readonly signal: AbortSignal; exitCode(): number } {
  const ending = new AbortController()
  let exitCode = 0
  const onSignal = (name: NodeJS.Signals, number: number): void => {
    if (ending.signal.aborted) process.exit(exitCode)
    exitCode = 128 + number
    ending.abort(new Error(`the command was ended by ${name}`))
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  return { signal: ending.signal, exitCode: () => exitCode }
}

function exitCodeOfError(error: unknown): number {
  if (error instanceof UsageError || error instanceof ConfigurationError) return exitCodes.usage
  return exitCodes.request
}

function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
