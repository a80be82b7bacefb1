import { z } from 'zod'

/** Any value that JSON can hold. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/**
 * Accepts what `JSON.parse` returns. It does not walk the value: every message of the protocol is read with
 * `JSON.parse`, so a value in it is JSON already.
 */
export const jsonSchema = z.custom<Json>((value) => value !== undefined).meta({ description: 'Any JSON value' })

/** A JSON object, such as an execution's context. */
export const jsonObjectSchema = z.record(z.string(), jsonSchema)

export type JsonObject = z.infer<typeof jsonObjectSchema>
