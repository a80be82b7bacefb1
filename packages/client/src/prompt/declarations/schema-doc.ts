import type { JsonObject } from '@codemode/shared'
import { shortened } from '@codemode/shared/internal'

/** Maximum length of the description of a property. */
const maxLength = 300

/** Keywords that a comment shows with their value, by the words before it. */
const shownKeywords: Readonly<Record<string, string>> = {
  format: 'format',
  pattern: 'pattern',
  multipleOf: 'multiple of',
  contentMediaType: 'media type',
  default: 'default',
}

/** Pairs of keywords that are the bounds of a range, with its unit. */
const ranges = [
  ['minimum', 'maximum', ''],
  ['minLength', 'maxLength', ' characters'],
  ['minItems', 'maxItems', ' items'],
  ['minProperties', 'maxProperties', ' properties'],
] as const

/** Returns the content of the comment of a property: its description, and constraints that its type does not have. */
export function schemaDoc(schema: JsonObject): string[] {
  const text = typeof schema['description'] === 'string' ? oneLine(schema['description']) : ''
  const description = shortened(text, maxLength)
  const constraints = constraintsOf(schema).join(', ')
  const deprecated = schema['deprecated'] === true ? '@deprecated' : ''
  const line = [description, constraints && `(${constraints})`, deprecated].filter((part) => part !== '').join(' ')
  return line === '' ? [] : [line]
}

function constraintsOf(schema: JsonObject): string[] {
  const isInteger = schema['type'] === 'integer'
  return [
    ...(isInteger ? ['integer'] : []),
    ...ranges.flatMap(([low, high, unit]) => rangeOf(schema[low], schema[high], unit)),
    ...(typeof schema['exclusiveMinimum'] === 'number' ? [`more than ${schema['exclusiveMinimum']}`] : []),
    ...(typeof schema['exclusiveMaximum'] === 'number' ? [`less than ${schema['exclusiveMaximum']}`] : []),
    ...(schema['uniqueItems'] === true ? ['unique items'] : []),
    ...Object.entries(shownKeywords).flatMap(([keyword, words]) => {
      const value = schema[keyword]
      if (value === undefined) return []
      const shown = typeof value === 'string' && keyword !== 'default' ? oneLine(value) : JSON.stringify(value)
      return [`${words} ${shortened(shown, 100)}`]
    }),
  ]
}

function rangeOf(low: unknown, high: unknown, unit: string): string[] {
  if (typeof low !== 'number') return typeof high === 'number' ? [`at most ${high}${unit}`] : []
  if (typeof high !== 'number') return [`at least ${low}${unit}`]
  return [low === high ? `${low}${unit}` : `${low} to ${high}${unit}`]
}

/** Returns a text in one line, without space at its ends. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
