import { nearestName, textHead } from '@codemode/shared/internal'

import { executorOptionsSchema, type OptionName } from './config-options.ts'

/** Error of an invalid configuration. The message says how to correct each problem, and holds no secret. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
  }
}

/** Place where an option was set; decides the syntax of its corrected line. */
export type Surface = 'environment' | 'file' | 'code'

/** The value of an option and the place where it was set. */
export interface Given {
  readonly surface: Surface
  readonly value: unknown
}

export const optionNames = Object.keys(executorOptionsSchema.shape) as OptionName[]

/** Returns the environment variable that sets an option: CODEMODE_MAX_RUNNING_PER_KEY for `maxRunningPerKey`. */
export function variableOf(option: string): string {
  return `CODEMODE_${option.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** Returns the rule for an option's values and an example of a valid one. */
export function describeOption(option: OptionName): { rule: string; example: unknown } {
  const { rule, example } = executorOptionsSchema.shape[option].unwrap().meta() ?? {}
  return { rule: String(rule), example }
}

/** Returns a line that sets an option to a value, by default to the option's example, in the syntax of a surface. */
export function correctedLine(
  option: OptionName,
  surface: Surface,
  value: unknown = describeOption(option).example,
): string {
  if (surface === 'environment') return `${variableOf(option)}=${environmentText(value)}`
  const text = option === 'apiKey' ? "'<what openssl rand -hex 32 prints>'" : JSON.stringify(value)
  return surface === 'file' ? `"${option}": ${text.replaceAll("'", '"')}` : `createExecutor({ ${option}: ${text} })`
}

/** Returns the message for an invalid value. The value is shown only if it can't be a secret. */
export function wrongValue(option: OptionName, { surface, value }: Given): string {
  const name = surface === 'environment' ? variableOf(option) : `"${option}"`
  const shown =
    option === 'apiKey' ? 'not valid (it is not shown)' : textHead(JSON.stringify(value) ?? 'undefined', 200)
  return `${name} is ${shown}, but must be ${describeOption(option).rule}. For example:\n  ${correctedLine(option, surface)}`
}

/**
 * Returns the message for an unknown option, which suggests the nearest one. The suggestion repeats the given value
 * only if the nearest option accepts it and it is a number or a boolean, because a text may be a secret.
 */
export function unknownOption(name: string, { surface, value }: Given): string {
  const spelled = surface === 'environment' ? variableOf : (option: OptionName) => `"${option}"`
  const what = surface === 'environment' ? `${name} is not a variable` : `"${name}" is not an option`
  const nearestText = nearestName(name.replace(/^CODEMODE_/, ''), optionNames)
  const nearest = optionNames.find((option) => option === nearestText)
  if (nearest === undefined) {
    return `${what} of the executor. Remove it; known are:\n  ${optionNames.map(spelled).join(', ')}`
  }
  const isPlain = typeof value === 'number' || typeof value === 'boolean'
  const fits = isPlain && executorOptionsSchema.shape[nearest].safeParse(value).success
  const line = correctedLine(nearest, surface, fits ? value : undefined)
  return `${what} of the executor; the nearest is ${spelled(nearest)}:\n  ${line}`
}

function environmentText(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return Array.isArray(value) ? value.join(',') : String(value)
}
