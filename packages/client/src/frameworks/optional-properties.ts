import { isObject } from '@codemode/shared/internal'

/** Keywords of JSON Schema whose values are data and no schemas. */
const dataKeywords = new Set(['const', 'enum', 'default', 'examples', 'required'])

/** Keywords of JSON Schema whose values have schemas by names of any kind. */
const mapKeywords = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'])

type Fields = Readonly<Record<string, unknown>>

/**
 * Returns a JSON Schema in which the properties that a function names may be left out, at every depth: frameworks declare some as
 * required that the parser of the tool does not require.
 */
export function withOptional(schema: unknown, isOptional: (property: Fields) => boolean): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withOptional(item, isOptional))
  if (!isObject(schema)) return schema
  const entries = Object.entries(schema).map(([key, value]) => [
    key,
    dataKeywords.has(key) ? value : optionalIn(key, value, isOptional),
  ])
  const copy = Object.fromEntries(entries) as Record<string, unknown>
  const { properties, required } = schema
  if (!isObject(properties) || !Array.isArray(required)) return copy
  copy['required'] = required.filter((name) => {
    const property = Object.hasOwn(properties, name as string) ? properties[name as string] : undefined
    return !isObject(property) || !isOptional(property)
  })
  return copy
}

function optionalIn(keyword: string, value: unknown, isOptional: (property: Fields) => boolean): unknown {
  if (!mapKeywords.has(keyword) || !isObject(value)) return withOptional(value, isOptional)
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, withOptional(schema, isOptional)]))
}

/** Returns whether a schema has a default, which a parser fills in. */
export const hasDefault = (schema: Fields): boolean => Object.hasOwn(schema, 'default')

/** Returns whether a schema accepts null by its own type, which strict schemas use for absent properties. */
export function acceptsNull(schema: Fields): boolean {
  const { type, anyOf } = schema
  if (type === 'null' || (Array.isArray(type) && type.includes('null'))) return true
  return Array.isArray(anyOf) && anyOf.some((option) => isObject(option) && acceptsNull(option))
}
