/**
 * Check that the values which a zod schema describes can be JSON: an input arrives as JSON, and an output leaves as
 * JSON. A schema such as `z.date()` would otherwise refuse every input that it is given.
 */
import type { z } from 'zod'

import { SchemaError } from '@codemode/shared/internal'

type Direction = 'input' | 'output'
type Schema = z.core.$ZodType

/** Types that JSON does not have, with what to write instead. */
const hints: Readonly<Record<Direction, Readonly<Record<string, string>>>> = {
  input: {
    date: 'Dates arrive as text: use z.coerce.date() or z.iso.datetime()',
    bigint: 'Use z.coerce.bigint(), z.int() or z.string()',
    nan: 'NaN arrives as null: use z.number().nullable()',
    map: 'Use z.record()',
    set: 'Use z.array()',
    symbol: 'Use z.string()',
    function: 'Use plain data',
    file: 'Use z.base64()',
    undefined: 'undefined is left out or arrives as null: use .optional() or z.null()',
    void: 'undefined arrives as null: use z.object({}) or z.null()',
    never: 'Leave it out',
  },
  output: {
    bigint: 'Use z.string(), and return String(n)',
    map: 'Use z.record(), and return Object.fromEntries(map)',
    set: 'Use z.array(), and return [...set]',
    symbol: 'Use z.string()',
    function: 'Use plain data',
    file: 'Use z.base64()',
    never: 'Leave it out',
  },
}

/** Schema that describes a part of a value. */
interface Part {
  readonly schema: Schema
  /** Path of the part in the value. */
  readonly path: string
  /** Whether the value may lack the part, so that a type such as `undefined` does no harm. */
  readonly canBeAbsent?: boolean
}

/** Throws a SchemaError with the path of a part that no JSON value can match, and with what to use instead. */
export function checkRepresentable(schema: Schema, direction: Direction): void {
  const seen = new Set<Schema>()
  const open: Part[] = [{ schema, path: '' }]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (seen.has(part.schema)) continue
    seen.add(part.schema)
    const hint = hintOf(part, direction)
    if (hint !== undefined) {
      const place = part.path === '' ? 'it' : `its part ${part.path.replace(/^\./, '')}`
      throw new SchemaError(`${place} is z.${typeOf(part.schema)}(), which JSON does not have. ${hint}`)
    }
    open.push(...partsOf(part, direction).toReversed())
  }
}

const definitionOf = (schema: Schema) => (schema as z.core.$ZodTypes)._zod.def

const typeOf = (schema: Schema): string => definitionOf(schema).type

function hintOf({ schema, canBeAbsent }: Part, direction: Direction): string | undefined {
  const definition = definitionOf(schema)
  // `z.coerce` converts text and numbers.
  if (direction === 'input' && 'coerce' in definition && definition.coerce) return undefined
  if (definition.type === 'literal') return hintOfLiteral(definition.values, direction)
  if (canBeAbsent === true && ['undefined', 'void', 'never'].includes(definition.type)) return undefined
  return Object.hasOwn(hints[direction], definition.type) ? hints[direction][definition.type] : undefined
}

const isJson = (value: unknown): boolean => !['bigint', 'undefined', 'symbol'].includes(typeof value)

function hintOfLiteral(values: readonly unknown[], direction: Direction): string | undefined {
  if (values.some(isJson) || (direction === 'output' && values.includes(undefined))) return undefined
  return 'Use a text, a number, a boolean or null'
}

/** Returns the schemas of the parts that a value of this schema has, in one direction. */
function partsOf({ schema, path, canBeAbsent = false }: Part, direction: Direction): Part[] {
  const definition = definitionOf(schema)
  const same = (inner: Schema, absent = canBeAbsent): Part => ({ schema: inner, path, canBeAbsent: absent })
  switch (definition.type) {
    case 'object': {
      const fields = Object.entries(definition.shape).map(([name, field]) => ({
        schema: field,
        path: `${path}.${name}`,
      }))
      const { catchall } = definition
      return catchall === undefined ? fields : [...fields, { schema: catchall, path: `${path}.*`, canBeAbsent: true }]
    }
    case 'array':
      return [{ schema: definition.element, path: `${path}[]` }]
    case 'tuple': {
      const items = definition.items.map((item, i) => ({ schema: item, path: `${path}[${i}]` }))
      return definition.rest === null ? items : [...items, { schema: definition.rest, path: `${path}[]` }]
    }
    case 'record':
      return [{ schema: definition.valueType, path: `${path}.*`, canBeAbsent: true }]
    case 'intersection':
      return [same(definition.left), same(definition.right)]
    case 'union': {
      // Another option may accept what JSON has; an option that contains other schemas must be usable in full.
      const usable = definition.options.filter((option) => hintOf(same(option), direction) === undefined)
      return (usable.length === 0 ? definition.options : usable).map((option) => same(option))
    }
    case 'lazy':
      return [same(definition.getter())]
    case 'pipe':
      return [same(direction === 'input' ? definition.in : definition.out)]
    case 'optional':
    case 'default':
    case 'prefault':
      return [same(definition.innerType, true)]
    case 'nullable':
    case 'nonoptional':
    case 'readonly':
    case 'promise':
      return [same(definition.innerType)]
    default:
      // A transform takes and gives any value, and `catch` replaces what does not match.
      return []
  }
}
