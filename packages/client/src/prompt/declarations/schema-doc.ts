import type { JsonObject } from '@codemode/shared'
import { isObject, shortened } from '@codemode/shared/internal'

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
export function schemaDoc(given: JsonObject): string[] {
  const schema = { ...onlyForm(given), ...given }
  const text = typeof schema['description'] === 'string' ? oneLine(schema['description']) : ''
  const description = shortened(text, maxLength)
  const constraints = constraintsOf(schema).join(', ')
  const deprecated = schema['deprecated'] === true ? '@deprecated' : ''
  const line = [description, constraints && `(${constraints})`, deprecated].filter((part) => part !== '').join(' ')
  return line === '' ? [] : [line]
}

/** Returns the schema of a nullable value without null; undefined for a value that has several forms, or one. */
function onlyForm({ anyOf, oneOf }: JsonObject): JsonObject | undefined {
  const options = anyOf ?? oneOf
  if (!Array.isArray(options)) return undefined
  const forms = options.filter((option): option is JsonObject => isObject(option) && option['type'] !== 'null')
  return forms.length === 1 && options.length === 2 ? forms[0] : undefined
}

function constraintsOf(schema: JsonObject): string[] {
  const isInteger = schema['type'] === 'integer'
  return [
    ...(isInteger ? ['integer'] : []),
    ...ranges.flatMap(([low, high, unit]) => rangeOf(boundOf(schema[low]), boundOf(schema[high]), unit)),
    ...(typeof schema['exclusiveMinimum'] === 'number' ? [`more than ${schema['exclusiveMinimum']}`] : []),
    ...(typeof schema['exclusiveMaximum'] === 'number' ? [`less than ${schema['exclusiveMaximum']}`] : []),
    ...(schema['uniqueItems'] === true ? ['unique items'] : []),
    ...Object.entries(shownKeywords).flatMap(([keyword, words]) => {
      const value = schema[keyword]
      // Schema libraries add the pattern of a format, which says no more than its name.
      if (value === undefined || (keyword === 'pattern' && schema['format'] !== undefined)) return []
      const shown = typeof value === 'string' && keyword !== 'default' ? oneLine(value) : JSON.stringify(value)
      return [`${words} ${shortened(shown, 100)}`]
    }),
  ]
}

/** Returns a bound; undefined if there is none, and for that of safe integers, which zod adds to each integer. */
function boundOf(value: unknown): number | undefined {
  return typeof value === 'number' && Math.abs(value) !== Number.MAX_SAFE_INTEGER ? value : undefined
}

function rangeOf(low: number | undefined, high: number | undefined, unit: string): string[] {
  if (low === undefined) return high === undefined ? [] : [`at most ${high}${unit}`]
  if (high === undefined) return [`at least ${low}${unit}`]
  return [low === high ? `${low}${unit}` : `${low} to ${high}${unit}`]
}

/** Returns a text in one line, without space at its ends. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
