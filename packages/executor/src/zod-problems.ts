import { nearestName, textHead } from '@codemode/shared/internal'
import { z } from 'zod'

/** One problem of a parsed value. The message repeats no text of a value, because that may be a secret. */
export interface Problem {
  /** Path of the invalid part, such as `tools[0].name`; empty for the value itself. */
  readonly path: string
  readonly message: string
  /** Known name that is nearest to an unknown one. */
  readonly nearest?: string
}

/**
 * Parses a value with a strict schema. On failure, returns every problem with its path and, for unknown fields, the
 * nearest known name.
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { readonly ok: true; readonly value: z.output<Schema> } | { readonly ok: false; readonly problems: Problem[] } {
  const parsed = schema.safeParse(value, { reportInput: true })
  if (parsed.success) return { ok: true, value: parsed.data }
  return { ok: false, problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, schema)) }
}

/** Returns at most the first five problems in one line, and the number of the others. */
export function summary(problems: readonly Problem[]): string {
  const shown = problems.slice(0, 5).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  const more = problems.length - shown.length
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

/**
 * Maximum number of unknown fields that are reported; more would not help, and finding the nearest names takes time.
 */
const maxUnknownFields = 50

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType): Problem[] {
  const path = pathText(issue.path)
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path)
    return issue.keys.slice(0, maxUnknownFields).map((key) => unknownField(key, path, known))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const messages = new Set(issue.errors.flat().map((inner) => inner.message.replace(/^Invalid input: /, '')))
    return [{ path, message: [...messages].join(', or ') }]
  }
  const message = issue.message.replace(/^Invalid input: /, '')
  const number = typeof issue.input === 'number' && !message.includes('received') ? `, got ${issue.input}` : ''
  return [{ path, message: isMissing(issue) ? 'is required' : `${message}${number}` }]
}

function unknownField(key: string, path: string, known: readonly string[]): Problem {
  const shown = JSON.stringify(key.length > 64 ? `${textHead(key, 64)}…` : key)
  const nearest = nearestName(key, known)
  const hint = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`
  return { path, message: `unknown field ${shown}; ${hint}`, ...(nearest !== undefined && { nearest }) }
}

const isMissing = (issue: z.core.$ZodIssue) => issue.code === 'invalid_type' && issue.input === undefined

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')
}

/** Returns the field names of the object schema at a path; none if there is no object schema. */
function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return knownKeys(schema.unwrap(), path)
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => knownKeys(option, path))
  const [first, ...rest] = path
  if (schema instanceof z.ZodObject) {
    if (first === undefined) return Object.keys(schema.shape)
    const field: z.core.$ZodType | undefined = schema.shape[String(first)]
    return field === undefined ? [] : knownKeys(field, rest)
  }
  return schema instanceof z.ZodArray && first !== undefined ? knownKeys(schema.element, rest) : []
}
