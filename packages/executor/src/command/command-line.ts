import { nearestName, variableOf } from '@codemode/shared/internal'
import { parseArgs } from 'node:util'

import { executorOptionsSchema, withDefaults, type OptionName } from '../config-options.ts'
import { describeOption, optionNames } from '../config-errors.ts'
import { parseKeysCommand, type KeysCommand } from './keys-arguments.ts'
import { UsageError } from './usage-error.ts'

/** A parsed command line of `codemode-executor`. */
export type Command =
  | { readonly name: 'serve' }
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'replay'; readonly paths: readonly string[] }
  | { readonly name: 'migrate' | 'check-waiting' }
  | { readonly name: 'keys'; readonly command: KeysCommand }
  | { readonly name: 'keys-help' }
  | { readonly name: 'invalid'; readonly problem: string }

const flags = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const

/** Parses the arguments of `codemode-executor`. */
export function parseCommand(args: readonly string[]): Command {
  if (args[0] === 'keys') return keysCommand(args.slice(1))
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: flags,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const unknown = tokens.find((token) => token.kind === 'option' && !Object.hasOwn(flags, token.name))
  if (unknown?.kind === 'option') return invalid(unknown.rawName)
  if (values.help === true) return { name: 'help' }
  if (values.version === true) return { name: 'version' }
  const [word, ...paths] = positionals
  if (word === undefined) return { name: 'serve' }
  if (word === 'migrate' || word === 'check-waiting') {
    return paths[0] === undefined ? { name: word } : invalid(paths[0])
  }
  if (word !== 'replay') return invalid(word)
  if (paths.length > 0) return { name: 'replay', paths }
  return { name: 'invalid', problem: 'replay needs a file. For example: codemode-executor replay journal.json' }
}

function keysCommand(args: readonly string[]): Command {
  try {
    const command = parseKeysCommand(args, { now: Date.now() })
    return command === 'help' ? { name: 'keys-help' } : { name: 'keys', command }
  } catch (error) {
    if (error instanceof UsageError) return { name: 'invalid', problem: error.message }
    throw error
  }
}

function invalid(argument: string): Command {
  const nearest = nearestName(argument, ['--help', '--version', 'replay', 'migrate', 'check-waiting', 'keys'])
  const variable = nearestName(argument.replace(/^-+/, ''), optionNames)
  const hint =
    variable === undefined ? '' : ` Options are set as environment variables, such as ${variableOf([variable])}=…`
  const flag = nearest === undefined ? '' : ` Did you mean ${nearest}?`
  return { name: 'invalid', problem: `Unknown argument "${argument}".${flag}${hint} Try codemode-executor --help.` }
}

/** Options whose defaults depend on the machine. */
const machineOptions: ReadonlySet<OptionName> = new Set(['sandboxProcesses', 'maxSandboxProcesses', 'sandboxMemoryMb'])

/** Returns the line of `--help` for an option: its variable, what it is, its rule and its default. */
function optionLine(option: OptionName): string {
  const { description = '' } = executorOptionsSchema.shape[option].unwrap()
  return `  ${variableOf([option]).padEnd(31)}${description} (${describeOption(option).rule}; ${defaultText(option)})`
}

function defaultText(option: OptionName): string {
  const value = withDefaults({})[option]
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '')
  if (text === '') return 'no default'
  return `default ${text}${machineOptions.has(option) ? ' on this machine' : ''}`
}

/** Returns the text of `--help`. */
export function helpText(): string {
  const variables = optionNames.map(optionLine)
  return `Usage: codemode-executor [--help] [--version]
       codemode-executor replay FILE...
       codemode-executor migrate
       codemode-executor check-waiting
       codemode-executor keys create|list|revoke

Runs code in isolates and calls the tools of the client. Prints one line when it is ready:
  codemode-executor ready on http://127.0.0.1:8001 (console: http://127.0.0.1:8001/console)
Writes its log to standard error, as lines of JSON. On SIGTERM or SIGINT, waits for running
executions and then exits; a second signal ends it immediately.

replay runs exported journals (GET /v1/executions/:id/journal) again, offline.
migrate brings the database of CODEMODE_DATABASE_URL up to date, which an executor also does when it starts.
check-waiting replays the journals of all unfinished executions and durable sessions in that database: run it before an upgrade.
keys creates, lists and revokes API keys, in a file or in that database: codemode-executor keys --help.

Environment variables, with the values they take and their defaults; or the same options in camelCase in a JSON file:
${variables.join('\n')}
  ${'CODEMODE_CONFIG_FILE'.padEnd(31)}path of a JSON file with options, such as {"port": 8001} (a path; no default)
`
}
