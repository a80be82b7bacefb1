import { allOf, anyOf, condition, dependent, not, oneOf } from './applicators.ts'
import { contains, items, maxItems, minItems, uniqueItems } from './arrays.ts'
import type { Keyword } from './keyword.ts'
import { exclusiveMaximum, exclusiveMinimum, maximum, minimum, multipleOf } from './numbers.ts'
import { maxProperties, minProperties, properties, propertyNames, required } from './objects.ts'
import { dynamicRef, ref } from './references.ts'
import { format, maxLength, minLength, pattern } from './strings.ts'
import { unevaluatedItems, unevaluatedProperties } from './unevaluated.ts'
import { constant, enumeration, type } from './values.ts'

/** The keywords in the order of evaluation: the cheap ones that tell kinds of values apart first. */
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

/** Keywords for what no other keyword of the schema has evaluated. */
export const finalKeywords: readonly Keyword[] = [unevaluatedProperties, unevaluatedItems]

/** All that a schema with `$ref` consists of, up to draft 7. */
export const onlyReference: readonly Keyword[] = [ref]
