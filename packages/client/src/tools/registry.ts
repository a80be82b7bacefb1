import { type ToolDeclaration, toolDeclarationSchema } from '@codemode/shared'
import { nearestName } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { handlerOf, type ToolHandler, type ToolLike, type ToolProperties, type ToolSchema } from './define.ts'
import { SchemaError } from './json-schema/schema-error.ts'
import { isUnspeakable, reservedPartOf, wireNameOf } from './names.ts'
import { compileSchema, type SchemaCheck } from './schema.ts'
import { toJson } from './to-json.ts'

/** Tool that is ready to be declared to the executor and called. */
export interface RegisteredTool {
  /** Name under which the tool was registered. */
  readonly name: string
  /** Declaration, with the name by which the code calls the tool. */
  readonly declaration: ToolDeclaration
  readonly handler: ToolHandler
  readonly input: SchemaCheck | undefined
  readonly output: SchemaCheck | undefined
}

/** Tools of one client, by the names by which code calls them. */
export class ToolRegistry {
  readonly #tools = new Map<string, RegisteredTool>()

  register(name: string, tool: ToolLike, options: { readonly overwrite?: boolean | undefined } = {}): void {
    const registered = prepare(name, tool)
    const wireName = registered.declaration.name
    const other = this.#tools.get(wireName)
    if (other !== undefined && other.name !== name) {
      throw new ConfigurationError(
        `The tools ${quote(other.name)} and ${quote(name)} would both be called as tools.${wireName}.`,
        `codemode.registerTool(${quote(this.#freeName(wireName))}, …)`,
      )
    }
    if (other !== undefined && options.overwrite !== true) {
      throw new ConfigurationError(
        `There is a tool ${quote(name)} already.`,
        `codemode.registerTool(${quote(name)}, …, { overwrite: true })`,
      )
    }
    this.#tools.set(wireName, registered)
  }

  /** Returns the tool that code calls by this name; undefined if there is none. */
  get(wireName: string): RegisteredTool | undefined {
    return this.#tools.get(wireName)
  }

  /**
   * Returns the tools of an allow-list, by either of their names; all tools if there is no list. Throws a
   * ConfigurationError for a name that is not registered.
   */
  select(names: readonly string[] | undefined): RegisteredTool[] {
    if (names === undefined) return [...this.#tools.values()]
    return [...new Set(names.map((name) => this.#find(name)))]
  }

  #find(name: string): RegisteredTool {
    const tool = this.#tools.get(wireNameOf(name))
    if (tool !== undefined && (tool.name === name || tool.declaration.name === name)) return tool
    const known = [...this.#tools.values()].map((tool) => tool.name)
    const meant = nearestName(name, known)
    throw new ConfigurationError(
      `availableTools names ${quote(name)}, which is not registered. ` +
        (known.length === 0 ? 'No tools are.' : `Registered are: ${known.join(', ')}.`) +
        (meant === undefined ? '' : ` Did you mean ${quote(meant)}?`),
      meant === undefined
        ? `codemode.registerTool(${quote(name)}, …)`
        : `codemode.executeAsync(code, { availableTools: [${quote(meant)}] })`,
    )
  }

  #freeName(wireName: string): string {
    for (let n = 2; ; n++) if (!this.#tools.has(`${wireName}_${n}`)) return `${wireName}_${n}`
  }
}

const quote = (name: string): string => `'${name}'`

function prepare(name: string, tool: ToolLike): RegisteredTool {
  if (isUnspeakable(name)) {
    throw new ConfigurationError(
      `A tool can't be named ${quote(name)}: each part between dots needs a letter or digit of ASCII, _ or $.`,
      "codemode.registerTool('github.list_issues', …)",
    )
  }
  const handler = handlerOf(name, tool)
  const properties: ToolProperties = typeof tool === 'function' ? {} : tool
  const wireName = wireNameOf(name)
  const reserved = reservedPartOf(wireName)
  if (reserved !== undefined) {
    throw new ConfigurationError(
      `A tool can't be named ${quote(name)}: ${quote(reserved)} means something else to JavaScript or to the guest.`,
      `codemode.registerTool(${quote(wireName.replaceAll('$', '').replace(reserved, `${reserved.replaceAll('$', '')}_tool`))}, …)`,
    )
  }
  const input = compile(name, properties.inputSchema, 'input')
  const output = compile(name, properties.outputSchema, 'output')
  const { description, timeoutMs, requiresApproval } = properties
  const declaration = toolDeclarationSchema.safeParse({
    name: wireName,
    ...(description !== undefined && { description }),
    ...(input?.jsonSchema !== undefined && { inputSchema: input.jsonSchema }),
    ...(output?.jsonSchema !== undefined && { outputSchema: output.jsonSchema }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(requiresApproval !== undefined && { requiresApproval }),
  })
  if (declaration.success) return { name, declaration: declaration.data, handler, input, output }
  const [issue] = declaration.error.issues
  throw new ConfigurationError(
    `The tool ${quote(name)} can't be declared: ${issue?.path.join('.')}: ${issue?.message}.`,
    `codemode.registerTool('weather', tool({ description: 'up to 16,384 characters', timeoutMs: 5_000, execute }))`,
  )
}

function compile(name: string, schema: ToolSchema | undefined, direction: 'input' | 'output'): SchemaCheck | undefined {
  if (schema === undefined) return undefined
  try {
    const isStandard = '~standard' in schema
    return compileSchema(isStandard ? schema : (toJson(schema) as ToolSchema), direction)
  } catch (cause) {
    const problem =
      cause instanceof SchemaError
        ? `can't be used: ${cause.message}`
        : 'is neither a Standard Schema nor a JSON Schema object'
    const example = '{ type: "object", properties: { city: { type: "string" } }, required: ["city"] }'
    throw new ConfigurationError(
      `The ${direction}Schema of the tool ${quote(name)} ${problem}.`,
      `codemode.registerTool(${quote(name)}, tool({ ${direction}Schema: ${example}, execute }))`,
      { cause },
    )
  }
}
