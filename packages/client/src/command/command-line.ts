import { maxTimerMs } from '@codemode/shared'
import { nearestName } from '@codemode/shared/internal'
import { parseArgs } from 'node:util'

import { UsageError } from './usage-error.ts'

/** A parsed command line of `codemode`. */
export type Command =
  | { readonly name: 'help'; readonly of?: SubCommand }
  | { readonly name: 'version' }
  | RunCommand
  | McpCommand

/** Command line of `codemode run`. */
export interface RunCommand {
  readonly name: 'run'
  /** Path of the code; undefined for standard input. */
  readonly file: string | undefined
  readonly config: string | undefined
  /** Value that the code reads as `input`. */
  readonly input: unknown
  readonly timeoutMs: number | undefined
  /** Whether the result is written as JSON; by default if standard output is no terminal. */
  readonly json: boolean | undefined
  /** Whether tool calls and console output are shown while the code runs; by default if standard error is a terminal. */
  readonly progress: boolean | undefined
}

/** Command line of `codemode mcp`. */
export interface McpCommand {
  readonly name: 'mcp'
  readonly config: string | undefined
  /** Port of the HTTP server; undefined for standard input and output. */
  readonly port: number | undefined
  readonly host: string
  readonly approvals: 'result' | 'elicit'
}

const subCommands = ['run', 'mcp'] as const
type SubCommand = (typeof subCommands)[number]

const options = {
  general: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
  run: {
    help: { type: 'boolean', short: 'h' },
    config: { type: 'string' },
    input: { type: 'string' },
    timeout: { type: 'string' },
    json: { type: 'boolean' },
    progress: { type: 'boolean' },
  },
  mcp: {
    help: { type: 'boolean', short: 'h' },
    config: { type: 'string' },
    http: { type: 'string' },
    host: { type: 'string' },
    approvals: { type: 'string' },
  },
} as const

const examples: Readonly<Record<string, string>> = {
  config: 'codemode.yaml',
  input: `'{"city": "Oslo"}'`,
  timeout: '60000',
  http: '8002',
  host: '127.0.0.1',
  approvals: 'elicit',
}

/** Parses the arguments of `codemode`. Throws `UsageError`. */
export function parseCommand(args: readonly string[]): Command {
  const [word, ...rest] = args
  const name = subCommands.find((known) => known === word)
  if (name !== undefined) return parseSubCommand(name, rest)
  const { values, positionals } = parsed('general', args)
  if (values.has('help')) return { name: 'help' }
  if (values.has('version')) return { name: 'version' }
  const [unknown] = positionals
  if (unknown === undefined) throw new UsageError('codemode needs a command: run or mcp. Try codemode --help.')
  const hint = didYouMean(nearestName(unknown, subCommands)) || ` It has ${subCommands.join(' and ')}.`
  throw new UsageError(`codemode has no command "${unknown}".${hint}`)
}

function parseSubCommand(name: SubCommand, args: readonly string[]): Command {
  const { values, positionals } = parsed(name, args)
  if (values.has('help')) return { name: 'help', of: name }
  const maxFiles = name === 'run' ? 1 : 0
  const tooMany = positionals[maxFiles]
  if (tooMany !== undefined) {
    throw new UsageError(`codemode ${name} has one argument too many: "${tooMany}". Quote a value with blanks.`)
  }
  const config = textOf(values, 'config')
  if (name === 'run') {
    const [file] = positionals
    return {
      name,
      file: file === '-' ? undefined : file,
      config,
      input: jsonOf(textOf(values, 'input')),
      timeoutMs: numberOf('--timeout', textOf(values, 'timeout'), { min: 1, max: maxTimerMs }),
      json: booleanOf(values, 'json'),
      progress: booleanOf(values, 'progress'),
    }
  }
  return {
    name,
    config,
    port: numberOf('--http', textOf(values, 'http'), { min: 0, max: 65_535 }),
    host: textOf(values, 'host') ?? '127.0.0.1',
    approvals: approvalsOf(textOf(values, 'approvals')),
  }
}

type Values = ReadonlyMap<string, string | boolean>

function parsed(
  command: SubCommand | 'general',
  args: readonly string[],
): { values: Values; positionals: readonly string[] } {
  const known: Readonly<Record<string, { type: 'string' | 'boolean'; short?: string }>> = options[command]
  const { positionals, tokens } = parseArgs({
    args: [...args],
    options: known,
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  })
  const values = new Map<string, string | boolean>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { rawName, value, inlineValue } = token
    const isNegated = rawName === `--no-${token.name}`
    const option = Object.hasOwn(known, token.name) ? known[token.name] : undefined
    if (option === undefined || (isNegated && option.type !== 'boolean')) throw unknownOption(command, rawName)
    if (values.has(token.name)) throw new UsageError(`${rawName} is given twice.`)
    if (option.type === 'boolean') {
      if (inlineValue === true) throw new UsageError(`${rawName} takes no value.`)
      values.set(token.name, !isNegated)
      continue
    }
    // `parseArgs` takes the next argument as the value even if it is an option.
    if (value === undefined || value === '' || (!inlineValue && value.startsWith('-'))) {
      throw new UsageError(`${rawName} needs a value, as in: ${rawName} ${examples[token.name]}`)
    }
    values.set(token.name, value)
  }
  return { values, positionals }
}

function unknownOption(command: SubCommand | 'general', rawName: string): UsageError {
  const names = Object.keys(options[command]).map((name) => `--${name}`)
  const line = command === 'general' ? 'codemode' : `codemode ${command}`
  const hint = didYouMean(nearestName(rawName, names))
  return new UsageError(`${line} has no option ${rawName}.${hint} Try ${line} --help.`)
}

function textOf(values: Values, name: string): string | undefined {
  const value = values.get(name)
  return typeof value === 'string' ? value : undefined
}

function booleanOf(values: Values, name: string): boolean | undefined {
  const value = values.get(name)
  return typeof value === 'boolean' ? value : undefined
}

function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new UsageError(`--input must be JSON, as in: --input ${examples['input']}`)
  }
}

function numberOf(
  flag: string,
  text: string | undefined,
  { min, max }: { min: number; max: number },
): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`${flag} must be a whole number from ${min} to ${max}, got "${text}".`)
}

function approvalsOf(text: string | undefined): McpCommand['approvals'] {
  if (text === undefined || text === 'result' || text === 'elicit') return text ?? 'result'
  throw new UsageError(`--approvals must be result or elicit, got "${text}".`)
}

const didYouMean = (nearest: string | undefined) => (nearest === undefined ? '' : ` Did you mean ${nearest}?`)
