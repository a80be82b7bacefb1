/** Error for options that a schema refuses: it says where each invalid option is set, and shows corrected options. */
import { problemsOf, textHead, valueAt, type Problem } from '@codemode/shared/internal'
import type { z } from 'zod'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { fieldsAt, type Field } from './examples.ts'
import { optionMeantBy, placeOfOption } from './foreign-names.ts'
import type { Origin } from './layer.ts'
import type { OptionPath } from './options.ts'
import { secretOptions } from './schema.ts'

interface Given {
  readonly schema: z.core.$ZodType
  readonly given: unknown
  /** True if messages may show texts of the value; false by default, because they may be secrets. */
  readonly showsTexts?: boolean
  originAt(this: void, path: OptionPath): Origin
}

/** Makes an error with one line for each problem, and a correction for each origin that has problems. */
export function configError(
  issues: readonly z.core.$ZodIssue[],
  { schema, given, originAt, showsTexts = false }: Given,
): ConfigurationError {
  const lines: string[] = []
  const corrections = new Map<Origin, Field[]>()
  for (const problem of problemsOf(issues, schema, given)) {
    const text = showsTexts ? valueAt(given, problem.path) : undefined
    const { line, at, fields } = described(problem, originAt, typeof text === 'string' ? text : undefined)
    const origin = originAt(at)
    lines.push(line)
    corrections.set(origin, [...(corrections.get(origin) ?? []), ...fields])
  }
  const corrected = [...corrections].map(([origin, fields]) => origin.correct(fields)).filter((text) => text !== '')
  return new ConfigurationError(lines.join('\n'), corrected.join('\n\n'))
}

interface Described {
  readonly line: string
  /** Path of the option whose origin is corrected. */
  readonly at: OptionPath
  /** Options that the correction shows. */
  readonly fields: readonly Field[]
}

function described(problem: Problem, originAt: Given['originAt'], text: string | undefined): Described {
  const path = problem.path.map(String)
  if (problem.kind === 'unknown') {
    const { name, known, nearest } = problem
    const at = [...path, name]
    const belongs = placeOfOption(name)
    const meant = optionMeantBy(name, known) ?? (belongs === undefined ? nearest : undefined)
    const place = originAt(at).placeOf?.(at)
    const advice = meant !== undefined ? `; did you mean ${meant}?` : belongs === undefined ? '' : `: ${belongs}.`
    const ending = `${place ? ` (in ${place})` : ''}${advice}`
    return {
      line: `There is no option ${at.join('.')}${ending}`,
      at,
      fields: fieldsAt(meant === undefined ? path : [...path, meant]),
    }
  }
  const { kind, message, corrected } = problem
  const given = text === undefined ? problem.given : `'${textHead(text, 64)}'`
  const shown = secretOptions.includes(path.join('.')) ? undefined : given
  const advice = kind === 'missing' ? originAt(path).adviceOn?.(path) : undefined
  const hint = advice === undefined ? hintAt(message) : `; ${advice}`
  // A missing option is shown together with its siblings.
  const shownPath = kind === 'missing' && path.length > 1 ? path.slice(0, -1) : path
  return {
    line: `${subject(originAt(path).nameOf(path), message, shown)} ${message}${hint}.`,
    at: path,
    fields: corrected === undefined ? fieldsAt(shownPath) : [{ path, value: corrected }],
  }
}

/** Returns what to change about a value of another type; an empty text if the message says enough. */
function hintAt(message: string): string {
  if (/^expected string, received \w+$/.test(message)) return ': put it in quotes'
  return message === 'expected number, received string' ? ': write digits alone, without a unit or quotes' : ''
}

/** Returns the beginning of a line: the name of the option, with its value before a reason that is a rule for it. */
function subject(name: string, reason: string, given: string | undefined): string {
  if (given === undefined) return `${name}:`
  if (!/^(?:it|the) /.test(reason)) return `${name} (${given}):`
  const value = /^-?\d{5,}$/.test(given) ? Number(given).toLocaleString('en-US') : given
  return `${name} is ${value};`
}
