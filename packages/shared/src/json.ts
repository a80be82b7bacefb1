import { z } from 'zod'

/** Value that JSON can represent. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/**
 * Schema of a value that `JSON.parse` returned. It does not walk the value: every message of the protocol is read with
 * `JSON.parse`, which returns nothing but JSON values.
 */
export const jsonSchema = z.custom<Json>((value) => value !== undefined).meta({ description: 'Any JSON value' })

/**
 * Schema of a JSON object, such as an execution's context. It returns the same object: the copy that `z.record` makes
 * would lose a key `__proto__`.
 */
export const jsonObjectSchema = z
  .custom<Record<string, Json>>(isPlainObject, 'expected an object')
  .meta({ type: 'object', additionalProperties: { description: 'Any JSON value' } })

export type JsonObject = z.infer<typeof jsonObjectSchema>

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
