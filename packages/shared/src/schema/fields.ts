/** Fields of schemas: the names that an object may have at a path. */
import { z } from 'zod'

/** Returns the names of the fields that the value at a path may have; none if it is no object there. */
export function namesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let members = membersOf(schema)
  for (const part of path) members = members.flatMap((member) => inside(member, part)).flatMap(membersOf)
  return [...new Set(members.flatMap(fieldsOf).map(([name]) => name))]
}

/** Returns the fields of an object schema with their schemas; none of any other schema. */
export function fieldsOf(schema: z.core.$ZodType): [name: string, field: z.core.$ZodType][] {
  return schema instanceof z.ZodObject ? Object.entries(schema.shape) : []
}

/** Returns the schemas of the possible values: the members of a union, the schema inside an optional one. */
export function membersOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (isWrapper(schema)) return membersOf(schema.unwrap())
  if (schema instanceof z.ZodPipe) return membersOf(schema.in)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(membersOf)
  return [schema]
}

const wrappers = [z.ZodOptional, z.ZodNullable, z.ZodDefault, z.ZodReadonly] as const

function isWrapper(schema: z.core.$ZodType): schema is InstanceType<(typeof wrappers)[number]> {
  return wrappers.some((wrapper) => schema instanceof wrapper)
}

function inside(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType[] {
  if (schema instanceof z.ZodArray) return [schema.element]
  if (schema instanceof z.ZodRecord) return [schema.valueType]
  return fieldsOf(schema).flatMap(([name, field]) => (name === part ? [field] : []))
}
