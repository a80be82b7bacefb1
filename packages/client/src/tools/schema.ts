/** One face for the schemas that a tool may have: Standard Schemas of any library, and plain JSON Schema. */
import { Validator, type Schema as CfSchema, type SchemaDraft } from '@cfworker/json-schema'
import type { JsonObject } from '@codemode/shared'
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { z } from 'zod'

import type { ToolSchema } from './define.ts'

export interface SchemaIssue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export type Checked = { readonly value: unknown } | { readonly issues: readonly SchemaIssue[] }

export interface SchemaCheck {
  /** JSON Schema describes JSON; a Standard Schema may describe what becomes JSON later, such as a Date. */
  readonly describes: 'json' | 'javascript'
  /** What the executor and the model are told; absent if the library can't say. */
  readonly jsonSchema: JsonObject | undefined
  check(value: unknown): Checked | Promise<Checked>
}

/** Prepares a schema for one direction. Throws if it is no schema. */
export function compileSchema(schema: ToolSchema, direction: 'input' | 'output'): SchemaCheck {
  return isStandardSchema(schema) ? standardCheck(schema, direction) : jsonSchemaCheck(schema)
}

function isStandardSchema(schema: ToolSchema): schema is StandardSchemaV1 {
  return '~standard' in schema
}

function standardCheck(schema: StandardSchemaV1, direction: 'input' | 'output'): SchemaCheck {
  return {
    describes: 'javascript',
    jsonSchema: jsonSchemaOf(schema, direction),
    async check(value) {
      const result = await schema['~standard'].validate(value)
      if (result.issues === undefined) return { value: result.value }
      return { issues: result.issues.map(({ message, path }) => ({ message, path: (path ?? []).map(keyOf) })) }
    },
  }
}

function keyOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof segment === 'object' ? segment.key : segment
  return typeof key === 'number' ? key : String(key)
}

/** The guest sends what the schema takes in, and gets what it gives out. */
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
    // The library can't express it. The tool works all the same: the schema is checked here.
    return undefined
  }
}

function jsonSchemaCheck(schema: JsonObject): SchemaCheck {
  // The validator writes into the schema that it is given.
  const validator = new Validator(structuredClone(schema) as CfSchema, draftOf(schema), false)
  return {
    describes: 'json',
    jsonSchema: schema,
    check(value) {
      const { valid, errors } = validator.validate(value)
      if (valid) return { value }
      // An error of a keyword that only passes on what its subschemas say is left out if those speak for themselves.
      const leaves = errors.filter((error) => !passesOn.has(error.keyword))
      return {
        issues: (leaves.length > 0 ? leaves : errors).map(({ instanceLocation, error }) => ({
          path: pointerParts(instanceLocation),
          message: error,
        })),
      }
    },
  }
}

const passesOn = new Set(['properties', 'patternProperties', 'items', 'prefixItems', 'allOf', '$ref', 'false'])

/** What declares no draft is read as 2020-12, which is what MCP and the executor mean. */
function draftOf({ $schema }: JsonObject): SchemaDraft {
  const uri = typeof $schema === 'string' ? $schema : ''
  if (uri.includes('draft-04')) return '4'
  if (uri.includes('draft-07')) return '7'
  return uri.includes('2019-09') ? '2019-09' : '2020-12'
}

/** Reads `#/a/0` (RFC 6901). */
function pointerParts(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}

/** `a.b[0]`, or the given word for the value itself. */
export function showPath(path: readonly PropertyKey[], root: string): string {
  return path.reduce<string>(
    (shown, part) => (typeof part === 'number' ? `${shown}[${part}]` : `${shown}.${String(part)}`),
    root,
  )
}
