import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ToolSchema } from './define.ts'
import { SchemaError } from '@codemode/shared/internal'
import { compileSchema, isStandardSchema, type SchemaCheck } from './schema.ts'
import { checkSchemaForm } from './schema-form.ts'
import { NotJsonError } from './not-json.ts'
import { toJson } from './to-json.ts'

export type Direction = 'input' | 'output'

/** Prepares a schema of a tool. Throws a ConfigurationError with the tool's name if it can't be applied. */
export function compileToolSchema(
  name: string,
  schema: ToolSchema | undefined,
  direction: Direction,
): SchemaCheck | undefined {
  if (schema === undefined) return undefined
  try {
    checkSchemaForm(schema)
    return compileSchema(isStandardSchema(schema) ? schema : (toJson(schema) as ToolSchema), direction)
  } catch (cause) {
    const problem =
      cause instanceof SchemaError
        ? `can't be used: ${cause.message}`
        : cause instanceof NotJsonError
          ? `is no JSON Schema: ${cause.about(`${direction}Schema`).replace(/\.$/, '')}`
          : 'is neither a Standard Schema nor a JSON Schema object'
    const example = '{ type: "object", properties: { city: { type: "string" } }, required: ["city"] }'
    throw new ConfigurationError(
      `The ${direction}Schema of the tool '${name}' ${problem}.`,
      `codemode.registerTool('${name}', tool({ ${direction}Schema: ${example}, execute }))`,
      { cause },
    )
  }
}
