import { nearestName } from '@codemode/shared/internal'
import { parseArgs } from 'node:util'

import { describeOption, optionNames, variableOf } from './config-errors.ts'

/** A parsed command line of `codemode-executor`. */
export type Command =
  | { readonly name: 'serve' }
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'replay'; readonly paths: readonly string[] }
  | { readonly name: 'misused'; readonly problem: string }

const flags = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const

/** Parses the arguments of `codemode-executor`. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: flags,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const unknown = tokens.find((token) => token.kind === 'option' && !Object.hasOwn(flags, token.name))
  if (unknown?.kind === 'option') return misused(unknown.rawName)
  if (values.help === true) return { name: 'help' }
  if (values.version === true) return { name: 'version' }
  const [word, ...paths] = positionals
  if (word === undefined) return { name: 'serve' }
  if (word !== 'replay') return misused(word)
  if (paths.length > 0) return { name: 'replay', paths }
  return { name: 'misused', problem: 'replay needs a file. For example: codemode-executor replay journal.json' }
}

function misused(argument: string): Command {
  const nearest = nearestName(argument, ['--help', '--version', 'replay'])
  const variable = nearestName(argument.replace(/^-+/, ''), optionNames)
  const hint = variable === undefined ? '' : ` Options are set by the environment, such as ${variableOf(variable)}=…`
  const flag = nearest === undefined ? '' : ` Did you mean ${nearest}?`
  return { name: 'misused', problem: `Unknown argument "${argument}".${flag}${hint} Try codemode-executor --help.` }
}

/** Returns the text of `--help`. */
export function helpText(): string {
  const variables = optionNames.map((option) => `  ${variableOf(option).padEnd(31)}${describeOption(option).rule}`)
  return `Usage: codemode-executor [--help] [--version]
       codemode-executor replay FILE...

Runs code in isolates and calls its owner's tools. It prints one line when it is ready:
  codemode-executor ready on http://127.0.0.1:8001
Its log goes to standard error, as lines of JSON. SIGTERM and SIGINT let running executions
end and then stop it; a second signal stops it at once.

replay runs exported journals (GET /v1/executions/:id/journal) again, offline.

It is configured by the environment, or by a JSON file of the same options in camelCase:
${variables.join('\n')}
  ${'CODEMODE_CONFIG_FILE'.padEnd(31)}the path of a JSON file of options, such as {"port": 8001}
`
}
