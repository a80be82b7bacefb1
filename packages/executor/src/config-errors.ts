import { textHead, variableOf } from '@codemode/shared/internal'

import { executorOptionsSchema, type OptionName } from './config-options.ts'

/** Error of an invalid configuration. The message says how to correct each problem, and holds no secret. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
  }
}

/** Place where an option was set. It determines the syntax of the corrected line. */
export type OptionSource = 'environment' | 'file' | 'code'

/** The value of an option and the place where it was set. */
export interface Given {
  readonly source: OptionSource
  /** Name of the option as written in the source. */
  readonly written: string
  readonly value: unknown
}

/** Options whose values are not shown: keys, an option that a key may be given to, and a URL that holds a password. */
const secretOptions: ReadonlySet<OptionName> = new Set(['apiKey', 'apiKeys', 'databaseUrl', 'encryptionKeys'])

export const optionNames = Object.keys(executorOptionsSchema.shape) as OptionName[]

/** Returns the rule for an option's values and an example of a valid one. */
export function describeOption(option: OptionName): { rule: string; example: unknown } {
  const { rule, example } = executorOptionsSchema.shape[option].unwrap().meta() ?? {}
  return { rule: String(rule), example }
}

/** Examples of options whose example is a command line, for places that are no shell. */
const examplesInCode: Partial<Record<OptionName, string>> = {
  apiKey: "'<what openssl rand -hex 32 prints>'",
}

/** Sentences before the corrected lines of options whose values are made beforehand, and not at each start. */
const introductions: Partial<Record<OptionName, string>> = {
  encryptionKeys: 'Make a key once with "openssl rand -base64 32", keep it, and set:',
}

/**
 * Returns a line that sets an option to a value, by default to the option's example, in the syntax of the given source.
 */
export function correctedLine(
  option: OptionName,
  source: OptionSource,
  value: unknown = describeOption(option).example,
): string {
  if (source === 'environment') return `${variableOf([option])}=${environmentText(value)}`
  const text = examplesInCode[option] ?? JSON.stringify(value)
  return source === 'file' ? `"${option}": ${text.replaceAll("'", '"')}` : `createExecutor({ ${option}: ${text} })`
}

/**
 * Returns the message for an invalid value. The value is shown only if it can't be a secret. `reason` says what is wrong with
 * it, where the rule does not suffice.
 */
export function wrongValue(option: OptionName, { source, value }: Given, reason?: string): string {
  const isSecret = secretOptions.has(option)
  const shown = isSecret ? 'not valid' : textHead(JSON.stringify(value) ?? 'undefined', 200)
  const explained = reason === undefined ? '' : ` (${reason})`
  const hint =
    option === 'apiKeys'
      ? ' A single key is CODEMODE_API_KEY (apiKey), and a file of keys CODEMODE_API_KEYS_FILE (apiKeysFile).'
      : ''
  const problem = `${nameIn(source, option)} is ${shown}${explained}${isSecret ? ': it' : ', but'} must be ${describeOption(option).rule}.${hint}`
  return `${problem} ${introductions[option] ?? 'For example:'}\n  ${correctedLine(option, source)}`
}

/**
 * Returns the message for an unknown option, which suggests the nearest one. The suggestion repeats the given value
 * only if the nearest option accepts it and it is a number or a boolean, because a text may be a secret.
 */
export function unknownOption(nearest: OptionName | undefined, { source, written, value }: Given): string {
  const problem = source === 'environment' ? `${written} is not a variable` : `"${written}" is not an option`
  if (nearest === undefined) {
    const known = optionNames.map((option) => nameIn(source, option))
    return `${problem} of the executor. Remove it, or use one of these:\n  ${known.join(', ')}`
  }
  const isPlain = typeof value === 'number' || typeof value === 'boolean'
  const fits = isPlain && executorOptionsSchema.shape[nearest].safeParse(value).success
  const line = correctedLine(nearest, source, fits ? value : undefined)
  return `${problem} of the executor; the nearest is ${nameIn(source, nearest)}:\n  ${line}`
}

const nameIn = (source: OptionSource, option: OptionName): string =>
  source === 'environment' ? variableOf([option]) : `"${option}"`

function environmentText(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return Array.isArray(value) ? value.join(',') : String(value)
}
