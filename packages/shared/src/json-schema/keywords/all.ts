import { allOf, anyOf, condition, dependent, not, oneOf } from './applicators.ts'
import { contains, items, maxItems, minItems, uniqueItems } from './arrays.ts'
import type { Keyword } from './keyword.ts'
import { exclusiveMaximum, exclusiveMinimum, maximum, minimum, multipleOf } from './numbers.ts'
import { maxProperties, minProperties, properties, propertyNames, required } from './objects.ts'
import { dynamicRef, ref } from './references.ts'
import { format, maxLength, minLength, pattern } from './strings.ts'
import { unevaluatedItems, unevaluatedProperties } from './unevaluated.ts'
import { constant, enumeration, type } from './values.ts'

/** Keywords in the order of evaluation: cheap ones that distinguish kinds of values come first. */
export const keywords: readonly Keyword[] = [
  type,
  constant,
  enumeration,
  minimum,
  exclusiveMinimum,
  maximum,
  exclusiveMaximum,
  multipleOf,
  minLength,
  maxLength,
  format,
  pattern,
  minItems,
  maxItems,
  uniqueItems,
  items,
  contains,
  minProperties,
  maxProperties,
  required,
  properties,
  propertyNames,
  ref,
  dynamicRef,
  allOf,
  anyOf,
  oneOf,
  not,
  condition,
  dependent,
]

/** Keywords for children that no other keyword of the schema has evaluated. */
export const finalKeywords: readonly Keyword[] = [unevaluatedProperties, unevaluatedItems]

/** Keywords of a schema with `$ref` up to draft 7, in which all others are ignored. */
export const onlyReference: readonly Keyword[] = [ref]
