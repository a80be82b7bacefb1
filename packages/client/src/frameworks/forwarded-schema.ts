import type { Json, JsonObject } from '@codemode/shared'
import { jsonSchemaCheck } from '@codemode/shared/internal'
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

import { ToolError } from '../errors/tool-error.ts'
import { showPath } from '../tools/schema.ts'
import { compileToolSchema } from '../tools/tool-schema.ts'

/** Standard Schema that is made of a JSON Schema. */
export type ForwardedSchema<Value = unknown> = StandardSchemaV1<Value, Value> & StandardJSONSchemaV1<Value, Value>

/**
 * Returns a Standard Schema that checks a value by a JSON Schema and returns it unchanged, without the defaults of the schema:
 * the framework of the tool parses the value itself, and must not get one that is parsed already. Throws a
 * ConfigurationError with the tool's name for a schema that can't be applied.
 */
export function forwardedSchema<Value = unknown>(name: string, schema: unknown): ForwardedSchema<Value> {
  const jsonSchema = asJsonSchema(name, schema)
  const check = jsonSchemaCheck(jsonSchema)
  return {
    '~standard': {
      version: 1,
      vendor: 'codemode',
      validate(value) {
        const issues = check(value as Json)
        return issues.length === 0 ? { value: value as Value } : { issues }
      },
      jsonSchema: { input: () => jsonSchema, output: () => jsonSchema },
    },
  }
}

/** Returns a function that throws a ToolError for an input that does not match a JSON Schema. */
export function inputCheck(name: string, schema: unknown): (input: unknown) => void {
  const check = jsonSchemaCheck(asJsonSchema(name, schema))
  return (input) => {
    const [issue] = check(input as Json)
    if (issue === undefined) return
    const problem = `${showPath(issue.path, 'input')}: ${issue.message}`
    throw new ToolError(`The input of ${name} is invalid: ${problem}`, { code: 'TOOL_INPUT_INVALID' })
  }
}

function asJsonSchema(name: string, schema: unknown): JsonObject {
  return compileToolSchema(name, schema as JsonObject | undefined, 'input')?.jsonSchema ?? {}
}
