/** What the schema knows of its options: their names, and which can be given as text. */
import { z } from 'zod'

/** An option, and the options that it is inside of: `['retry', 'maxAttempts']`. */
export type OptionPath = readonly string[]

/** The names of the options beside or inside of which something is, at this path. */
export function namesAt(schema: z.core.$ZodType, path: OptionPath): string[] {
  return fieldsAt([schema], path).map(([name]) => name)
}

/** Every option that can be written as text: strings, numbers, booleans and choices of them. */
export function textOptions(schema: z.core.$ZodType, path: OptionPath = []): OptionPath[] {
  const members = membersOf(schema)
  const isText = members.some((member) => textTypes.has(member._zod.def.type))
  const inside = fieldsOf(members).flatMap(([name, field]) => textOptions(field, [...path, name]))
  return isText ? [path, ...inside] : inside
}

/** Of a configuration the options that can be written as text, or that have such inside: no tools, no functions. */
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

/** What a value may be, without what is around it: the members of a union, the schema inside of an optional one. */
function membersOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly) {
    return membersOf(schema.unwrap())
  }
  if (schema instanceof z.ZodPipe) return membersOf(schema.in)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(membersOf)
  return [schema]
}
