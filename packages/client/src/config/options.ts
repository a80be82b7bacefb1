/** Reads options from a schema: their names, and which of them can be given as text. */
import { z } from 'zod'

/** Path of an option: its name after the names of the options that contain it, such as `['retry', 'maxAttempts']`. */
export type OptionPath = readonly string[]

/** Returns the names of the options that may be inside the one at this path. */
export function namesAt(schema: z.core.$ZodType, path: OptionPath): string[] {
  return fieldsAt([schema], path).map(([name]) => name)
}

/** Returns the paths of all options that can be written as text: strings, numbers, booleans, and unions with them. */
export function textOptions(schema: z.core.$ZodType, path: OptionPath = []): OptionPath[] {
  const members = membersOf(schema)
  const isText = members.some((member) => textTypes.has(member._zod.def.type))
  const inside = fieldsOf(members).flatMap(([name, field]) => textOptions(field, [...path, name]))
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

function fieldsAt(schemas: readonly z.core.$ZodType[], path: OptionPath): [string, z.core.$ZodType][] {
  const fields = fieldsOf(schemas.flatMap(membersOf))
  const [first, ...rest] = path
  if (first === undefined) return fields
  return fieldsAt(
    fields.filter(([name]) => name === first).map(([, field]) => field),
    rest,
  )
}

function fieldsOf(members: readonly z.core.$ZodType[]): [string, z.core.$ZodType][] {
  return members.flatMap((member) => (member instanceof z.ZodObject ? Object.entries(member.shape) : []))
}

/** Returns the schemas of the possible values: the members of a union, the schema inside an optional one. */
function membersOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly) {
    return membersOf(schema.unwrap())
  }
  if (schema instanceof z.ZodPipe) return membersOf(schema.in)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(membersOf)
  return [schema]
}
