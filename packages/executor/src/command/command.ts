// The command codemode-executor. Only this module reads the environment and the signals of the process.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

import { RequestError } from '@codemode/shared'
import type { Logger } from 'pino'

import { helpText, parseCommand } from './command-line.ts'
import type { KeyList } from './key-list.ts'
import type { KeysCommand } from './keys-arguments.ts'
import { keysHelpText } from './keys-help.ts'
import { configFromEnvironment, ConfigurationError } from '../config.ts'
import { describeListenProblem } from '../http/listen-problem.ts'
import { createLogger } from '../log.ts'
import { unhandledRejectionReporter } from '../unhandled-rejections.ts'
import { describeDatabaseProblem } from '../store/postgres/database-problem.ts'
import { SandboxStartError } from '../sandbox/sandbox-start-error.ts'
import { executorVersion } from '../versions.ts'

/** Milliseconds from the readiness of the executor to the preparation of its first tool call. */
const warmUpAfterMs = 1_000

/** Runs the command that the process's arguments name. If it fails, prints the error and exits with code 1. */
export async function run(): Promise<void> {
  await runCommand().catch(fail)
}

async function runCommand(): Promise<void> {
  const command = parseCommand(process.argv.slice(2))
  switch (command.name) {
    case 'help':
      process.stdout.write(helpText())
      return
    case 'version':
      process.stdout.write(`${executorVersion}\n`)
      return
    case 'invalid':
      process.stderr.write(`${command.problem}\n`)
      process.exitCode = 2
      return
    case 'keys-help':
      process.stdout.write(keysHelpText())
      return
    case 'keys':
      await changeKeys(command.command)
      return
    case 'replay':
      await replay(command.paths)
      return
    case 'migrate':
      await migrate()
      return
    case 'check-waiting':
      await checkWaitingExecutions()
      return
    case 'serve':
      await serve()
  }
}

async function changeKeys(command: KeysCommand): Promise<void> {
  const { runKeysCommand } = await import('./keys-command.ts')
  await using disposables = new AsyncDisposableStack()
  const keys = await keyList(command.file, disposables)
  const { exitCode, stdout, stderr } = await runKeysCommand(command, { keys, now: Date.now() })
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = exitCode
}

/** Returns the list of keys in the file that the command names, or where an executor would look for its keys. */
async function keyList(file: string | undefined, disposables: AsyncDisposableStack): Promise<KeyList | undefined> {
  const { apiKeysFile, apiKeys, databaseUrl } = file === undefined ? configuration() : { apiKeysFile: file }
  if (apiKeysFile !== undefined) {
    const { keysFile } = await import('./keys-file.ts')
    return keysFile(apiKeysFile)
  }
  if (apiKeys === undefined) return undefined
  const { ApiKeysTable } = await import('../store/postgres/api-keys-table.ts')
  const { storedKeys } = await import('./stored-keys.ts')
  return storedKeys(disposables.use(new ApiKeysTable(databaseUrl!)))
}

async function replay(paths: readonly string[]): Promise<void> {
  const { journalsInFiles, replayJournals } = await import('./replay-command.ts')
  for await (const { ok, text } of replayJournals(journalsInFiles(paths))) {
    process.stdout.write(`${text}\n`)
    if (!ok) process.exitCode = 1
  }
}

async function migrate(): Promise<void> {
  const { migrateDatabase } = await import('../store/postgres/administration.ts')
  await migrateDatabase(databaseConfig().url)
  process.stdout.write('The database is up to date.\n')
}

async function checkWaitingExecutions(): Promise<void> {
  const { checkWaiting } = await import('./check-waiting.ts')
  const { openUnfinished } = await import('../store/postgres/administration.ts')
  const { parseEncryptionKeys } = await import('../encryption-keys.ts')
  const { url, encryptionKeys } = databaseConfig()
  await using unfinished = openUnfinished(url, parseEncryptionKeys(encryptionKeys))
  const { ok, summary } = await checkWaiting(unfinished, (text) => process.stdout.write(`${text}\n`))
  process.stdout.write(`${summary}\n`)
  if (!ok) process.exitCode = 1
}

/** Returns the configuration for commands that need no API key. */
function configuration() {
  return configFromEnvironment({ CODEMODE_DEV: '1', ...process.env }, (path) => readFileSync(path, 'utf8')).config
}

/** Returns the configured database. Throws `ConfigurationError` if there is none. */
function databaseConfig() {
  const { databaseUrl, encryptionKeys } = configuration()
  if (databaseUrl !== undefined) return { url: databaseUrl, encryptionKeys }
  throw new ConfigurationError([
    'This command needs a database. Set its URL:\n  CODEMODE_DATABASE_URL=postgres://user:password@host/database',
  ])
}

async function serve(): Promise<void> {
  const { config, isApiKeyGenerated } = configFromEnvironment(process.env, (path) => readFileSync(path, 'utf8'))
  const logger = createLogger({ level: config.logLevel })
  process.on('unhandledRejection', unhandledRejectionReporter(logger))
  // Only serving needs the modules of the executor, which take half a second to load.
  const { createExecutor } = await import('../app.ts')
  const { flushSpans } = await import('../tracing/spans.ts')
  const executor = await createExecutor(config, { logger })
  const closing = new AbortController()
  closeOnSignals(() => {
    closing.abort()
    return executor.close().then(flushSpans)
  })
  if (isApiKeyGenerated) process.stderr.write(`API key generated for this run (development mode): ${config.apiKey}\n`)
  const consoleAt = executor.consoleUrl === undefined ? '' : ` (console: ${executor.consoleUrl})`
  process.stdout.write(`codemode-executor ready on ${executor.url}${consoleAt}\n`)
  await warmUp(logger, closing.signal)
}

/** Prepares the first tool call, at a time when the first execution has probably ended and the sandbox processes have started. */
async function warmUp(logger: Logger, signal: AbortSignal): Promise<void> {
  try {
    await delay(warmUpAfterMs, undefined, { signal, ref: false })
    const { warmCallbacks } = await import('../tools/warm-callbacks.ts')
    await warmCallbacks({ logger, signal })
  } catch (error) {
    if (!signal.aborted) logger.debug({ err: error }, 'the first tool call is not prepared')
  }
}

function closeOnSignals(close: () => Promise<void>): void {
  let isClosing = false
  const onSignal = (_: NodeJS.Signals, number: number) => {
    if (isClosing) process.exit(128 + number)
    isClosing = true
    close().then(() => process.exit(0), fail)
  }
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
}

function fail(error: unknown): void {
  process.stderr.write(`codemode-executor: ${describe(error)}\n`)
  process.exit(1)
}

/** Returns the message of an expected error, and the stack of any other. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof ConfigurationError || error instanceof SandboxStartError) return error.message
  if (error instanceof RequestError) return describeRefusal(error)
  return describeListenProblem(error) ?? describeDatabaseProblem(error) ?? error.stack ?? error.message
}

/** Returns the message of a store that does not answer, with the reason. */
function describeRefusal(error: RequestError): string {
  const { message, suggestion, cause } = error
  const reason = describeDatabaseProblem(error) ?? (cause instanceof Error ? cause.message : undefined)
  return [message, reason, suggestion].filter((line) => line !== undefined && line !== '').join('\n')
}
