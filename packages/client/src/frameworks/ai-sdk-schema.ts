import type { StandardSchemaV1 } from '@standard-schema/spec'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ToolSchema } from '../tools/define.ts'
import { forwardedSchema } from './forwarded-schema.ts'

/** Schema of the AI SDK: a JSON Schema, perhaps with a function that checks a value and returns its own form of it. */
interface AiSchema {
  readonly jsonSchema: unknown
  readonly validate?: ((value: unknown) => Validation | PromiseLike<Validation>) | undefined
}

type Validation =
  | { readonly success: true; readonly value: unknown }
  | { readonly success: false; readonly error: Error }

/**
 * Returns a schema of the AI SDK as one that a tool can have. The handler gets the value that the schema returns, because
 * `execute` does not parse. Throws a ConfigurationError for a JSON Schema that is a promise.
 */
export function aiSdkSchema(name: string, schema: unknown): ToolSchema | undefined {
  if (schema === undefined || schema === null) return undefined
  if (typeof schema === 'function' && !('~standard' in schema)) return aiSdkSchema(name, (schema as () => unknown)())
  if (typeof schema !== 'object' || '~standard' in schema || !('jsonSchema' in schema)) return schema
  const { jsonSchema, validate } = schema as AiSchema
  if (typeof (jsonSchema as Partial<PromiseLike<unknown>>).then === 'function') {
    throw new ConfigurationError(
      `A schema of the tool '${name}' has a JSON Schema that is a promise.`,
      'jsonSchema(await schema.jsonSchema, { validate: schema.validate })',
    )
  }
  const forwarded = forwardedSchema(name, jsonSchema)
  if (validate === undefined) return forwarded
  const standard = forwarded['~standard']
  return {
    '~standard': {
      ...standard,
      async validate(value: unknown) {
        const checked = await standard.validate(value)
        return checked.issues === undefined ? resultOf(await validate(value)) : checked
      },
    },
  } satisfies StandardSchemaV1
}

function resultOf(validation: Validation): StandardSchemaV1.Result<unknown> {
  return validation.success ? { value: validation.value } : { issues: [{ message: validation.error.message }] }
}
