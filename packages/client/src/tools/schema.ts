/** Common interface of the schemas that a tool may have: Standard Schemas of any library, and plain JSON Schema. */
import type { Json, JsonObject } from '@codemode/shared'
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { z } from 'zod'

import type { ToolSchema } from './define.ts'
import { checkForeignInput } from './foreign-representable.ts'
import { jsonSchemaCheck, jsonSchemaParse } from '@codemode/shared/internal'
import { checkRepresentable } from './zod-representable.ts'

export interface SchemaIssue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Value that the schema returned, or the issues of the value, or the error with which the check itself failed. */
export type CheckOutcome = CheckResult | { readonly checkError: unknown }

type CheckResult = { readonly value: unknown } | { readonly issues: readonly SchemaIssue[] }

export interface SchemaCheck {
  /**
   * Kind of value that the schema describes: `json` for a JSON Schema; a Standard Schema may describe what becomes JSON
   * later, such as a Date.
   */
  readonly describes: 'json' | 'javascript'
  /** Schema for the executor and the model; undefined if the library can't express it as JSON Schema. */
  readonly jsonSchema: JsonObject | undefined
  /** Checks a value. Throws or rejects if the check itself fails. */
  check(value: unknown): CheckResult | Promise<CheckResult>
}

/**
 * Checks a value, if there is a schema. Never rejects: a failure of the check must not be taken for one of a handler.
 */
export async function checkValue(schema: SchemaCheck | undefined, value: unknown): Promise<CheckOutcome> {
  try {
    return schema === undefined ? { value } : await schema.check(value)
  } catch (error) {
    return { checkError: error }
  }
}

/** Prepares a schema for one direction. Throws a SchemaError, or any other error, if it can't be applied. */
export function compileSchema(schema: ToolSchema, direction: 'input' | 'output'): SchemaCheck {
  return isStandardSchema(schema) ? standardCheck(schema, direction) : plainCheck(schema as JsonObject, direction)
}

/** Returns whether a schema is of a library, and not a plain JSON Schema. */
export function isStandardSchema(schema: ToolSchema): schema is StandardSchemaV1 {
  return '~standard' in schema
}

function standardCheck(schema: StandardSchemaV1, direction: 'input' | 'output'): SchemaCheck {
  if (schema instanceof z.core.$ZodType) checkRepresentable(schema, direction)
  else if (direction === 'input') checkForeignInput(schema)
  return {
    describes: 'javascript',
    jsonSchema: jsonSchemaOf(schema, direction),
    async check(value) {
      const result = await validate(schema, value)
      if (result.issues === undefined) return { value: result.value }
      return { issues: result.issues.map(({ message, path }) => ({ message, path: (path ?? []).map(keyOf) })) }
    },
  }
}

/**
 * Validates by the Standard Schema interface, except with zod, whose `validate` first tries synchronously and drops the
 * promises that async refinements return; the rejection of one would end the process.
 */
async function validate(schema: StandardSchemaV1, value: unknown): Promise<StandardSchemaV1.Result<unknown>> {
  const standard = schema['~standard']
  if (standard.vendor !== 'zod' || !('safeParseAsync' in schema)) return standard.validate(value)
  const parsed = await (schema as StandardSchemaV1 & Pick<z.ZodType, 'safeParseAsync'>).safeParseAsync(value)
  return parsed.success ? { value: parsed.data } : { issues: parsed.error.issues }
}

function keyOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof segment === 'object' ? segment.key : segment
  return typeof key === 'number' ? key : String(key)
}

/** Returns the JSON Schema of the value that the guest sends (`input`) or gets (`output`). */
function jsonSchemaOf(schema: StandardSchemaV1, direction: 'input' | 'output'): JsonObject | undefined {
  try {
    if (schema instanceof z.core.$ZodType) {
      return z.toJSONSchema(schema, { io: direction, unrepresentable: 'any' }) as JsonObject
    }
    const { jsonSchema } = (schema as Partial<StandardJSONSchemaV1> & StandardSchemaV1)['~standard'] as {
      jsonSchema?: StandardJSONSchemaV1.Converter
    }
    return jsonSchema?.[direction]({ target: 'draft-2020-12' }) as JsonObject | undefined
  } catch {
    // The library can't express the schema. The tool works without a declared schema, because the value is checked
    // here.
    return undefined
  }
}

/** Prepares a JSON Schema. Its defaults are filled into inputs, and not into outputs. */
function plainCheck(schema: JsonObject, direction: 'input' | 'output'): SchemaCheck {
  if (direction === 'input') {
    const parse = jsonSchemaParse(schema)
    return { describes: 'json', jsonSchema: schema, check: (value) => parse(value as Json) }
  }
  const check = jsonSchemaCheck(schema)
  return {
    describes: 'json',
    jsonSchema: schema,
    check(value) {
      const issues = check(value as Json)
      return issues.length === 0 ? { value } : { issues }
    },
  }
}

/** Returns a path as `root.b[0]`. */
export function showPath(path: readonly PropertyKey[], root: string): string {
  return path.reduce<string>(
    (shown, part) => (typeof part === 'number' ? `${shown}[${part}]` : `${shown}.${String(part)}`),
    root,
  )
}
