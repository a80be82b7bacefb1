/** Recognition of values that are given as schemas and are none, each with the form that was meant. */
import { isKeyword, SchemaError } from '@codemode/shared/internal'

/** Throws a SchemaError if a value is not of the form of a Standard Schema or of a JSON Schema object. */
export function checkSchemaForm(schema: unknown): void {
  if (isStandard(schema)) return
  if (typeof schema === 'function') {
    throw new SchemaError('it is a function; pass the schema itself, such as z.object({ … })')
  }
  if (typeof schema !== 'object' || schema === null) {
    const shown = typeof schema === 'string' ? `the text ${JSON.stringify(schema.slice(0, 100))}` : String(schema)
    throw new SchemaError(`it is ${shown}, and neither a Standard Schema nor a JSON Schema object`)
  }
  if (Array.isArray(schema)) throw new SchemaError('it is an array; it must be one schema')
  const entries = Object.entries(schema)
  const library = pathOfStandard(schema)
  if (library !== undefined) {
    throw new SchemaError(
      `its part ${library} is a schema of a library; write the whole schema with the library: z.object({ … })`,
    )
  }
  const { jsonSchema } = schema as { jsonSchema?: unknown }
  if (typeof jsonSchema === 'object' && jsonSchema !== null) {
    throw new SchemaError('it wraps a JSON Schema; pass its property jsonSchema instead')
  }
  const names = entries.map(([name]) => name)
  if (names.length > 0 && !names.some(isKeyword)) {
    const shown = names.slice(0, 3).join(', ')
    throw new SchemaError(
      `it has no keyword of JSON Schema, only ${shown}; describe the properties of an object under properties`,
    )
  }
}

/** Returns the path of a Standard Schema inside a plain object; undefined if there is none. */
function pathOfStandard(schema: object): string | undefined {
  const seen = new Set<object>()
  const open: (readonly [path: string, value: object])[] = [['', schema]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, value] = next
    if (isStandard(value)) return path
    if (seen.has(value)) continue
    seen.add(value)
    for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
      if (typeof inner === 'object' && inner !== null) open.push([path === '' ? name : `${path}.${name}`, inner])
      else if (isStandard(inner)) return path === '' ? name : `${path}.${name}`
    }
  }
  return undefined
}

function isStandard(value: unknown): boolean {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && '~standard' in value
}
