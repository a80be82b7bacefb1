/**
 * Turns the issues that a schema finds in options into an error that says where they are and shows the corrected
 * options.
 */
import { nearestName } from '@codemode/shared/internal'
import type { z } from 'zod'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { fieldsAt, type Field } from './examples.ts'
import { valueAt, type Origin } from './layer.ts'
import { namesAt, type OptionPath } from './options.ts'
import { secretOptions } from './schema.ts'

interface Given {
  readonly schema: z.core.$ZodType
  readonly given: unknown
  originAt(this: void, path: OptionPath): Origin
}

/** Makes an error with one line for each issue, and a correction for each origin that has issues. */
export function configError(issues: readonly z.core.$ZodIssue[], given: Given): ConfigurationError {
  const problems: string[] = []
  const corrections = new Map<Origin, Field[]>()
  const correct = (at: OptionPath, path: OptionPath): void => {
    const origin = given.originAt(at)
    corrections.set(origin, [...(corrections.get(origin) ?? []), ...fieldsAt(path)])
  }
  for (const issue of issues.map(meantBranch)) {
    const path = issue.path.map(String)
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const known = namesAt(given.schema, path)
        const meant = known.find((name) => name === meantBy[key]) ?? nearestName(key, known)
        const place = given.originAt([...path, key]).placeOf?.([...path, key])
        const ending = `${place ? ` (in ${place})` : ''}${meant ? `; did you mean ${meant}?` : ''}`
        problems.push(`There is no option ${[...path, key].join('.')}${ending}`)
        correct([...path, key], meant === undefined ? path : [...path, meant])
      }
    } else {
      const reason = reasonOf(issue)
      problems.push(`${given.originAt(path).nameOf(path)}${shown(path, given.given)}: ${reason}.`)
      // A missing option is shown together with its siblings.
      correct(path, reason === missing && path.length > 1 ? path.slice(0, -1) : path)
    }
  }
  const corrected = [...corrections].map(([origin, fields]) => origin.correct(fields)).filter((lines) => lines !== '')
  return new ConfigurationError(problems.join('\n'), corrected.join('\n\n'))
}

/**
 * Returns the issue of the union member that the value was meant for: the first without an issue about the value's
 * type. If there is none, returns the issue of the union, with the reasons of all its members.
 */
function meantBranch(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const branches = issue.errors.filter((branch) => branch.length > 0)
  const meant = branches.find((branch) => !branch.some(isOtherKind))
  if (meant?.[0] !== undefined) return meantBranch({ ...meant[0], path: [...issue.path, ...meant[0].path] })
  return { ...issue, message: branches.map(([first]) => (first ? reasonOf(first) : '')).join(', or ') }
}

const isOtherKind = ({ code, path }: z.core.$ZodIssue): boolean =>
  path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')

/**
 * Options that are meant by names known from other libraries, for which the nearest name would be a wrong suggestion.
 */
const meantBy: Readonly<Record<string, string>> = {
  timeout: 'executionTimeoutMs',
  timeoutMs: 'executionTimeoutMs',
  url: 'executorUrl',
  apiKey: 'executorApiKey',
}

const missing = 'is missing'

function reasonOf(issue: z.core.$ZodIssue): string {
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  if (isMissing) return missing
  const isUnquoted = issue.code === 'invalid_type' && issue.expected === 'string'
  return `${issue.message.replace(/^Invalid input: /, '')}${isUnquoted ? ': put it in quotes' : ''}`
}

/** Returns the value as text if it is a number or a boolean: a string may be a secret in the wrong place. */
function shown(path: OptionPath, given: unknown): string {
  const value = valueAt(given, path)
  const isShown = typeof value === 'boolean' || typeof value === 'number'
  return isShown && !secretOptions.includes(path.join('.')) ? ` (${value})` : ''
}
