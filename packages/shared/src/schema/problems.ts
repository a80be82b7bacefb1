/**
 * Problems that a schema finds in a value, for error messages. They repeat no text of the value, which may be a secret,
 * except the names of unknown fields and the corrections that the schema itself makes.
 */
import type { z } from 'zod'

import { nearestName } from '../nearest-name.ts'
import { textHead } from '../text-ends.ts'
import { namesAt } from './fields.ts'
import { valueAt, type Path } from './path.ts'

interface InvalidValue {
  readonly kind: 'missing' | 'invalid'
  /** Path of the invalid part; empty for the value itself. */
  readonly path: Path
  readonly message: string
  /** Text of the value if it is a number or a boolean. */
  readonly given: string | undefined
  /** Correct value to show in place of the given one, if the schema has set the parameter `corrected` of its issue. */
  readonly corrected: string | undefined
}

interface UnknownField {
  readonly kind: 'unknown'
  /** Path of the object that has the field. */
  readonly path: Path
  readonly message: string
  readonly name: string
  /** Names of the fields that are known there. */
  readonly known: readonly string[]
  /** Known name that is nearest to the unknown one, if one is near. */
  readonly nearest: string | undefined
}

/** One problem of a value. */
export type Problem = InvalidValue | UnknownField

/** Value that a schema accepts, or the problems of one that it refuses. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: Problem[] }

/** Parses a value with a schema. If the schema refuses it, returns its problems. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): Parsed<z.output<Schema>> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return { ok: true, value: parsed.data }
  return { ok: false, problems: problemsOf(parsed.error.issues, schema, value) }
}

/** Returns the problems that the issues of a schema state, in the same order. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], schema: z.core.$ZodType, value: unknown): Problem[] {
  return issues.flatMap(intendedIssues).flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') return unknownFields(issue, namesAt(schema, issue.path))
    return [invalidValue(issue, valueAt(value, issue.path))]
  })
}

/**
 * Returns the issues of the union member that the value is intended for: the first that accepts a value of its type. If
 * there is none, returns one issue with the reasons of all members.
 */
function intendedIssues(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const members = issue.errors.filter((member) => member.length > 0)
  if (members.length === 0) return [issue]
  const intended = members.find((member) => !member.some(isOfOtherType))
  if (intended !== undefined) {
    return intended.flatMap((inner) => intendedIssues({ ...inner, path: [...issue.path, ...inner.path] }))
  }
  const reasons = [...new Set(members.flat().map(reasonOf))].join(', or ')
  // Each reason ends with the type of the value, which is the same for all.
  return [{ ...issue, message: reasons.replaceAll(/, received \w+(?=, or )/g, '') }]
}

const isOfOtherType = ({ code, path }: z.core.$ZodIssue): boolean =>
  path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')

function invalidValue(issue: z.core.$ZodIssue, value: unknown): InvalidValue {
  const { code, path } = issue
  const isMissing = value === undefined && code !== 'custom'
  const given = typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
  const corrected: unknown = issue.code === 'custom' ? issue.params?.['corrected'] : undefined
  return {
    kind: isMissing ? 'missing' : 'invalid',
    path,
    message: isMissing ? 'is missing' : reasonOf(issue),
    given,
    corrected: typeof corrected === 'string' ? corrected : undefined,
  }
}

/** Returns the reason of an issue: the message of the schema, or the rule in words for a bound or a list of values. */
function reasonOf(issue: z.core.$ZodIssue): string {
  const { code, message, path } = issue
  if (code === 'too_big' && message.startsWith('Too big: ')) {
    if (isNumeric(issue.origin)) return `the limit is ${numberText(issue.maximum)}${durationText(issue.maximum, path)}`
    return `it must have at most ${lengthText(issue.maximum, issue.origin)}`
  }
  if (code === 'too_small' && message.startsWith('Too small: ')) {
    if (!isNumeric(issue.origin)) return `it must have at least ${lengthText(issue.minimum, issue.origin)}`
    return issue.inclusive === false
      ? `it must be more than ${numberText(issue.minimum)}`
      : `the minimum is ${numberText(issue.minimum)}`
  }
  if (code === 'invalid_value' && issue.values.length > 1)
    return `it must be one of ${issue.values.map(String).join(', ')}`
  return message.replace(/^Invalid input: /, '')
}

const isNumeric = (origin: string): boolean => origin === 'number' || origin === 'int' || origin === 'bigint'

const numberText = (value: number | bigint): string => value.toLocaleString('en-US')

function lengthText(length: number | bigint, origin: string): string {
  const unit = origin === 'string' ? 'character' : 'item'
  return `${numberText(length)} ${unit}${Number(length) === 1 ? '' : 's'}`
}

const days = { name: 'days', ms: 86_400_000 }
const hours = { name: 'hours', ms: 3_600_000 }

/** Returns the limit of an option in milliseconds as a number of days or hours, in brackets; empty for any other value. */
function durationText(limit: number | bigint, path: Path): string {
  if (!String(path.at(-1)).endsWith('Ms')) return ''
  const unit = [days, hours].find(({ ms }) => Number(limit) > ms && Number(limit) % ms === 0)
  return unit === undefined ? '' : ` (${Number(limit) / unit.ms} ${unit.name})`
}

/** Maximum number of unknown fields of an object that are reported: finding the nearest names takes time. */
const maxUnknownFields = 50

function unknownFields({ keys, path }: z.core.$ZodIssueUnrecognizedKeys, known: readonly string[]): UnknownField[] {
  return keys.slice(0, maxUnknownFields).map((name) => {
    const nearest = nearestName(name, known)
    const shown = JSON.stringify(name.length > 64 ? `${textHead(name, 64)}…` : name)
    const hint = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`
    return { kind: 'unknown', path, message: `unknown field ${shown}; ${hint}`, name, known, nearest }
  })
}
