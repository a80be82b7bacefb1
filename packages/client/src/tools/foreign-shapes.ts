/** Parts of schemas of zod 3, valibot and arktype, from the public fields in which each library keeps them. */
import { isObject } from '@codemode/shared/internal'

export interface Part {
  readonly schema: unknown
  /** Path of the part in the value. */
  readonly path: string
}

/** Facts about a schema: its type if JSON does not have it, and the schemas of its parts. */
export interface Shape {
  readonly absentType?: string | undefined
  readonly parts?: readonly Part[]
  /** Schemas of which one has to match. */
  readonly options?: readonly unknown[]
}

interface ArkType {
  readonly in: { readonly json: unknown }
}

type Fields = Readonly<Record<string, unknown>>

/** Types that JSON does not have, by the names that the libraries have for them, in lower case. */
const absentTypes = new Set(['date', 'bigint', 'map', 'set', 'symbol', 'function', 'nan', 'blob', 'file'])

function absent(type: unknown): Shape {
  const name = String(type).toLowerCase()
  return absentTypes.has(name) ? { absentType: name } : {}
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const namedParts = (shape: unknown, path: string): Part[] =>
  Object.entries(fieldsOf(shape)).map(([name, schema]) => ({ schema, path: `${path}.${name}` }))

const indexedParts = (items: unknown, path: string): Part[] =>
  listOf(items).map((schema, index) => ({ schema, path: `${path}[${index}]` }))

const partAt = (schema: unknown, path: string): Part[] => (schema == null ? [] : [{ schema, path }])

/** Calls a function of a schema; undefined if it throws. */
function made(make: unknown): unknown {
  try {
    return typeof make === 'function' ? (make as () => unknown)() : make
  } catch {
    return undefined
  }
}

/** Returns the shape of a schema of zod 3. */
export function readZod3({ schema, path }: Part): Shape {
  const def = fieldsOf(fieldsOf(schema)['_def'])
  const type = typeof def['typeName'] === 'string' ? def['typeName'].replace(/^Zod/, '') : ''
  switch (type) {
    case 'Object':
      return { parts: namedParts(made(def['shape']), path) }
    case 'Array':
      return { parts: partAt(def['type'], `${path}[]`) }
    case 'Tuple':
      return { parts: [...indexedParts(def['items'], path), ...partAt(def['rest'], `${path}[]`)] }
    case 'Record':
      return { parts: partAt(def['valueType'], `${path}.*`) }
    case 'Intersection':
      return { parts: [...partAt(def['left'], path), ...partAt(def['right'], path)] }
    case 'Union':
    case 'DiscriminatedUnion':
      return { options: listOf(def['options']) }
    case 'Lazy':
      return { parts: partAt(made(def['getter']), path) }
    case 'Effects':
      return fieldsOf(def['effect'])['type'] === 'preprocess' ? {} : { parts: partAt(def['schema'], path) }
    case 'Pipeline':
      return { parts: partAt(def['in'], path) }
    case 'Branded':
    case 'Promise':
      return { parts: partAt(def['type'], path) }
    case 'Optional':
    case 'Nullable':
    case 'Default':
    case 'Readonly':
      return { parts: partAt(def['innerType'], path) }
    default:
      return def['coerce'] === true ? {} : absent(type)
  }
}

/** Returns the shape of a schema of valibot. */
export function readValibot({ schema, path }: Part): Shape {
  const { type, ...fields } = fieldsOf(schema)
  // A fallback replaces what does not match.
  if ('fallback' in fields) return {}
  switch (type) {
    case 'union':
    case 'variant':
      return { options: listOf(fields['options']) }
    case 'intersect':
      return { parts: listOf(fields['options']).map((option) => ({ schema: option, path })) }
    case 'lazy':
      return { parts: partAt(made(fields['getter']), path) }
    case 'record':
      return { parts: partAt(fields['value'], `${path}.*`) }
    case 'instance':
      return absent(fields['class'] === Date ? 'date' : (fields['class'] as { name?: unknown } | undefined)?.name)
    default: {
      const parts = [
        ...namedParts(fields['entries'], path),
        ...indexedParts(fields['items'], path),
        ...partAt(fields['item'], `${path}[]`),
        ...partAt(fields['rest'], 'items' in fields ? `${path}[]` : `${path}.*`),
        ...partAt(fields['wrapped'], path),
      ]
      return { ...absent(type), parts }
    }
  }
}

/** Returns the shape of a schema of arktype, or of a part of the data that one tells about its input. */
export function readArkType({ schema, path }: Part): Shape {
  if (typeof schema === 'function')
    return readArkType({ schema: made(() => (schema as unknown as ArkType).in.json), path })
  if (typeof schema === 'string') return absent(schema)
  if (Array.isArray(schema)) return { options: schema }
  const fields = fieldsOf(schema)
  const properties = [...listOf(fields['required']), ...listOf(fields['optional'])].map(fieldsOf)
  const parts = [
    ...properties.map(({ key, value }) => ({ schema: value, path: `${path}.${String(key)}` })),
    ...listOf(fields['index']).flatMap((each) => partAt(fieldsOf(each)['value'], `${path}.*`)),
  ]
  const { sequence } = fields
  if (isObject(sequence) && 'prefix' in sequence) {
    parts.push(...indexedParts(sequence['prefix'], path), ...partAt(fieldsOf(sequence)['variadic'], `${path}[]`))
  } else parts.push(...partAt(sequence, `${path}[]`))
  return { ...absent(fields['proto'] ?? fields['domain']), parts }
}
