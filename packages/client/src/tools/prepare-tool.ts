import { type ToolDeclaration, toolDeclarationSchema } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { handlerOf, type ApprovalRule, type ToolHandler, type ToolLike, type ToolProperties } from './define.ts'
import { approvalOf, checkHeldTimeouts } from './held-properties.ts'
import { isUncallable, reservedPartOf, unreserved, wireNameOf } from './names.ts'
import type { SchemaCheck } from './schema.ts'
import { compileToolSchema } from './tool-schema.ts'
import { checkProperties } from './tool-properties.ts'

/** Tool that is ready to be declared to the executor and called. */
export interface RegisteredTool {
  /** Name under which the tool was registered. */
  readonly name: string
  /** Declaration, with the name by which the code calls the tool. */
  readonly declaration: ToolDeclaration
  readonly handler: ToolHandler
  readonly input: SchemaCheck | undefined
  readonly output: SchemaCheck | undefined
  /** Function that decides whether a call needs an approval, if the tool has one. */
  readonly approvalRule: ApprovalRule | undefined
}

/** Prepares a tool under a name. Throws a ConfigurationError if its name, properties or schemas can't be used. */
export function prepareTool(name: string, tool: ToolLike): RegisteredTool {
  const wireName = checkedNameOf(name)
  if (typeof tool === 'object' && tool !== null) checkProperties(name, tool)
  const handler = handlerOf(name, tool)
  const properties: ToolProperties = typeof tool === 'function' ? {} : tool
  const input = compileToolSchema(name, properties.inputSchema, 'input')
  const output = compileToolSchema(name, properties.outputSchema, 'output')
  const { description, timeoutMs, approvalTimeoutMs, deferTimeoutMs } = properties
  checkHeldTimeouts(name, properties)
  const { requiresApproval, approvalRule } = approvalOf(name, properties)
  const declaration = toolDeclarationSchema.safeParse({
    name: wireName,
    ...(description !== undefined && { description }),
    ...(input?.jsonSchema !== undefined && { inputSchema: input.jsonSchema }),
    ...(output?.jsonSchema !== undefined && { outputSchema: output.jsonSchema }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(requiresApproval !== undefined && { requiresApproval }),
    ...(approvalTimeoutMs !== undefined && { approvalTimeoutMs }),
    ...(deferTimeoutMs !== undefined && { deferTimeoutMs }),
  })
  if (declaration.success) return { name, declaration: declaration.data, handler, input, output, approvalRule }
  if (typeof description === 'string' && description.length > maxDescriptionLength) {
    throw new ConfigurationError(
      `The description of the tool '${name}' has ${description.length} characters; the limit is ${maxDescriptionLength}.`,
      `codemode.registerTool('${name}', tool({ description: 'what it does', execute }))`,
    )
  }
  const [issue] = declaration.error.issues
  throw new ConfigurationError(
    `The tool '${name}' can't be declared: ${issue?.path.join('.')}: ${issue?.message}.`,
    `codemode.registerTool('weather', tool({ description: 'up to 16,384 characters', timeoutMs: 5_000, execute }))`,
  )
}

/**
 * Returns the declaration for the executor. It has the description and the schema of the input only if a call may need an
 * approval: the executor shows the one, and checks edited inputs by the other.
 */
export function sentDeclaration(declaration: ToolDeclaration): ToolDeclaration {
  const { description, inputSchema, outputSchema: _, ...sent } = declaration
  if (sent.requiresApproval === undefined) return sent
  return {
    ...sent,
    ...(description !== undefined && { description }),
    ...(inputSchema !== undefined && { inputSchema }),
  }
}

const { shape } = toolDeclarationSchema
const maxNameLength = shape.name.maxLength!
const maxDescriptionLength = shape.description.unwrap().maxLength!

/** Returns the name by which the code calls a tool. Throws a ConfigurationError if no code could call it. */
function checkedNameOf(name: unknown): string {
  if (typeof name !== 'string') {
    throw new ConfigurationError(
      `The name of a tool must be a string; it is ${name === null ? 'null' : `of type ${typeof name}`}.`,
      "codemode.registerTool('weather', tool({ execute: async (input) => … }))",
    )
  }
  if (isUncallable(name)) {
    throw new ConfigurationError(
      `A tool can't be named '${name}': each part between dots must have a letter, a digit, _ or $.`,
      "codemode.registerTool('github.list_issues', …)",
    )
  }
  const wireName = wireNameOf(name)
  if (wireName.length > maxNameLength) {
    throw new ConfigurationError(
      `The name of a tool has ${wireName.length} characters; the limit is ${maxNameLength}: '${textHead(name, 40)}…'.`,
      "codemode.registerTool('github.list_issues', …)",
    )
  }
  const reserved = reservedPartOf(wireName)
  if (reserved === undefined) return wireName
  const reason = reserved.startsWith('$')
    ? 'names that begin with $ are reserved by the sandbox'
    : `'${reserved}' is reserved, because JavaScript reads it on objects by itself`
  throw new ConfigurationError(
    `A tool can't be named '${name}': ${reason}.`,
    `codemode.registerTool('${unreserved(wireName)}', …)`,
  )
}
