import { z } from 'zod'

/** Any value that JSON can hold. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/**
 * Accepts what `JSON.parse` returns. It does not walk the value: every message of the protocol is read with
 * `JSON.parse`, so a value in it is JSON already.
 */
export const jsonSchema = z.custom<Json>((value) => value !== undefined).meta({ description: 'Any JSON value' })

/** A JSON object, such as an execution's context. It is passed on as it is: a record's copy would lose a key `__proto__`. */
export const jsonObjectSchema = z
  .custom<Record<string, Json>>(isPlainObject, 'expected an object')
  .meta({ type: 'object', additionalProperties: { description: 'Any JSON value' } })

export type JsonObject = z.infer<typeof jsonObjectSchema>

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
