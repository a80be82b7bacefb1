/** Reads from a schema which options can be given as text. */
import { fieldsOf, membersOf } from '@codemode/shared/internal'
import type { z } from 'zod'

/** Path of an option: its name after the names of the options that contain it, such as `['retry', 'maxAttempts']`. */
export type OptionPath = readonly string[]

/** Returns the paths of all options that can be written as text: strings, numbers, booleans, and unions with them. */
export function textOptions(schema: z.core.$ZodType, path: OptionPath = []): OptionPath[] {
  const members = membersOf(schema)
  const isText = members.some((member) => textTypes.has(member._zod.def.type))
  const inside = members.flatMap(fieldsOf).flatMap(([name, field]) => textOptions(field, [...path, name]))
  return isText ? [path, ...inside] : inside
}

/**
 * Returns the options of a configuration that can be written as text or contain such options: no tools, no functions.
 */
export function writtenOptions(
  schema: z.core.$ZodType,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const written = new Set(textOptions(schema).map(([name]) => name))
  return Object.fromEntries(Object.entries(config).filter(([name]) => written.has(name)))
}

const textTypes: ReadonlySet<string> = new Set(['string', 'number', 'int', 'boolean', 'enum', 'literal'])
