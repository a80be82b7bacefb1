import type { JsonObject, ToolDeclaration } from '@codemode/shared'

import type { NamedTypes } from './named-types.ts'
import { schemaType } from './schema-type.ts'
import type { TypeText } from './type-text.ts'

/** Options of the declarations of several tools. */
export interface SignatureOptions {
  readonly named: NamedTypes
  /** Whether properties have comments. */
  readonly hasDocs: boolean
}

/** Returns the parameters and the type of the output of a tool, such as `(input: { city: string }): Promise<unknown>`. */
export function toolSignature({ name, inputSchema, outputSchema }: ToolDeclaration, options: SignatureOptions): string {
  const input = typeOf(inputSchema, { ...options, isInput: true, rootName: `${name}_input` })
  const output = typeOf(outputSchema, { ...options, isInput: false, rootName: `${name}_output` })
  return `(input${isOptional(inputSchema) ? '?' : ''}: ${input.text}): Promise<${output.text}>`
}

function typeOf(
  schema: ToolDeclaration['inputSchema'],
  scope: SignatureOptions & { readonly isInput: boolean; readonly rootName: string },
): TypeText {
  const root: JsonObject = typeof schema === 'object' ? schema : {}
  return schemaType(schema, { ...scope, root, depth: 0 })
}

/** Returns whether a call without an input, which is one with an empty object, is allowed as far as the type can say. */
function isOptional(schema: ToolDeclaration['inputSchema']): boolean {
  if (schema === undefined || schema === true) return true
  if (schema === false || schema['type'] !== 'object') return false
  const combined = ['$ref', 'allOf', 'anyOf', 'oneOf', 'const', 'enum'].some((keyword) => keyword in schema)
  const properties = (schema['properties'] ?? {}) as JsonObject
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const hasDefault = (name: unknown): boolean => {
    const property = typeof name === 'string' && Object.hasOwn(properties, name) ? properties[name] : undefined
    return typeof property === 'object' && property !== null && 'default' in property
  }
  return !combined && required.every(hasDefault)
}
