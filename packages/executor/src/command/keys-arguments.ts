import { nearestName, parseWith } from '@codemode/shared/internal'
import { parseArgs } from 'node:util'

import { apiKeySchema, type ApiKeyEntry } from '../api-keys.ts'
import { allRights } from '../engine/principal.ts'
import { reported } from '../problem-texts.ts'
import { parseExpiry } from './expiry.ts'
import { UsageError } from './usage-error.ts'

/** Entry of a keys file without the parts that are made when the key is created. */
export type KeyOptions = Omit<ApiKeyEntry, 'sha256' | 'id'> & { readonly id?: string }

/** A parsed command line of `codemode-executor keys`. */
export type KeysCommand = { readonly file?: string } & (
  | { readonly action: 'create'; readonly key: KeyOptions }
  | { readonly action: 'list' }
  | { readonly action: 'revoke'; readonly id: string }
)

const actions = ['create', 'list', 'revoke'] as const
type Action = (typeof actions)[number]

/** Options of `keys create` with the field of the entry that each sets. */
const fields = {
  tenant: 'tenant',
  id: 'id',
  owner: 'owner',
  rights: 'rights',
  expires: 'expiresAt',
  'max-running': 'maxRunning',
  'max-queued': 'maxQueued',
  'max-detached-execution-ms': 'maxDetachedExecutionMs',
  limits: 'limits',
  'max-limits': 'maxLimits',
  isolation: 'isolation',
  'reuse-isolates': 'reuseIsolates',
} as const

/**
 * Parses the arguments after `codemode-executor keys`. Throws `UsageError` with a message that says what to type instead.
 */
export function parseKeysCommand(args: readonly string[], { now }: { now: number }): KeysCommand | 'help' {
  const { positionals, tokens } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(Object.keys(fields).map((name) => [name, { type: 'string' as const }])),
      file: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const options = tokens.filter((token) => token.kind === 'option')
  if (options.some(({ name }) => name === 'help')) return 'help'
  const [word, ...rest] = positionals
  const action = actionOf(word)
  const values = valuesOf(action, options)
  const file = values.get('file')
  return { ...(file !== undefined && { file }), ...withArguments(action, rest, values, now) }
}

function actionOf(word: string | undefined): Action {
  if (word === undefined) throw new UsageError('keys needs a command: create, list or revoke.')
  const action = actions.find((known) => known === word)
  if (action !== undefined) return action
  throw new UsageError(`keys has no command "${word}".${didYouMean(nearestName(word, actions))}`)
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function valuesOf(action: Action, options: readonly OptionToken[]): Map<string, string> {
  const known = action === 'create' ? [...Object.keys(fields), 'file'] : ['file']
  const values = new Map<string, string>()
  for (const { name, rawName, value, inlineValue } of options) {
    if (!known.includes(name)) {
      const nearest = nearestName(name, known)
      const hint = didYouMean(nearest === undefined ? undefined : `--${nearest}`)
      throw new UsageError(`keys ${action} has no option ${rawName}.${hint}`)
    }
    // `parseArgs` takes the next argument as the value even if it is an option.
    if (value === undefined || value === '' || (inlineValue !== true && value.startsWith('-'))) {
      throw new UsageError(`${rawName} needs a value, as in: ${rawName} ${examples[name]}`)
    }
    if (values.has(name)) throw new UsageError(`${rawName} is given twice.`)
    values.set(name, value)
  }
  return values
}

const examples: Readonly<Record<string, string>> = {
  tenant: 'acme',
  id: 'acme-web',
  owner: 'web',
  rights: 'run,read',
  expires: '90d',
  'max-running': '20',
  'max-queued': '100',
  'max-detached-execution-ms': '3600000',
  limits: 'cpuTimeoutMs=1000,memoryLimitMb=64',
  'max-limits': 'cpuTimeoutMs=5000',
  isolation: 'execution',
  'reuse-isolates': 'off',
  file: './api-keys.json',
}

function withArguments(action: Action, rest: readonly string[], values: Map<string, string>, now: number) {
  const [id] = rest
  const expected = action === 'revoke' ? 1 : 0
  if (rest.length > expected) {
    throw new UsageError(`keys ${action} has one argument too many: "${rest[expected]}". Quote a value with blanks.`)
  }
  if (action === 'list') return { action }
  if (action === 'create') return { action, key: keyOptions(values, now) }
  if (id === undefined) throw new UsageError('keys revoke needs the id of a key, which "keys list" shows.')
  return { action, id }
}

function keyOptions(values: ReadonlyMap<string, string>, now: number): KeyOptions {
  if (!values.has('tenant')) {
    throw new UsageError('keys create needs the tenant of the key: codemode-executor keys create --tenant acme')
  }
  const given = Object.entries(fields).flatMap(([flag, field]) => {
    const text = values.get(flag)
    return text === undefined ? [] : [[field, valueOf(flag, text, now)] as const]
  })
  // Everything that the executor checks in the file is checked here, with placeholders for the parts that are made later.
  const made = { id: 'made-later', sha256: '0'.repeat(64) }
  const parsed = parseWith(apiKeySchema, { ...made, ...Object.fromEntries(given) })
  if (parsed.ok) return Object.fromEntries(given) as unknown as KeyOptions
  const messages = parsed.problems.map((problem) => {
    const { path, message } = reported(problem)
    const [flag] = Object.entries(fields).find(([, field]) => field === problem.path[0]) ?? []
    return `--${flag ?? path}: ${path === problem.path[0] ? '' : `${path}: `}${message}`
  })
  throw new UsageError(messages.join('\n'))
}

function valueOf(flag: string, text: string, now: number): unknown {
  switch (flag) {
    case 'rights':
      return text.split(',').map(rightOf)
    case 'expires':
      return parseExpiry(text, now)
    case 'max-running':
    case 'max-queued':
    case 'max-detached-execution-ms':
      return numberOf(`--${flag}`, text)
    case 'limits':
    case 'max-limits':
      return limitsOf(`--${flag}`, text)
    case 'reuse-isolates':
      return switchOf(`--${flag}`, text)
    default:
      if (/\p{C}/u.test(text)) throw new UsageError(`--${flag} must not contain control characters.`)
      return text
  }
}

function rightOf(word: string): string {
  const right = allRights.find((known) => known === word.trim())
  if (right !== undefined) return right
  const hint = didYouMean(nearestName(word, allRights))
  throw new UsageError(`--rights: "${word}" is not a right.${hint} The rights are ${allRights.join(', ')}.`)
}

function limitsOf(flag: string, text: string): Record<string, number> {
  const limits = new Map<string, number>()
  for (const part of text.split(',')) {
    const [name = '', value, ...more] = part.split('=').map((word) => word.trim())
    if (name === '' || value === undefined || more.length > 0) {
      throw new UsageError(`${flag}: "${part}" is not name=number, as in: ${flag} ${examples['limits']}`)
    }
    if (limits.has(name)) throw new UsageError(`${flag}: ${name} is given twice.`)
    limits.set(name, numberOf(`${flag}: ${name}`, value))
  }
  return Object.fromEntries(limits)
}

function switchOf(flag: string, text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on'
  throw new UsageError(`${flag} must be on or off, got "${text}".`)
}

function numberOf(what: string, text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text)
  throw new UsageError(`${what} must be a whole number, got "${text}".`)
}

const didYouMean = (nearest: string | undefined) => (nearest === undefined ? '' : ` Did you mean ${nearest}?`)
