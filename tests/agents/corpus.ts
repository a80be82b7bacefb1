import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

import { tool, type JsonObject, type Tool } from '@codemode/client'

type Operations = Readonly<Record<string, Readonly<Record<string, Operation>>>>

interface Operation {
  readonly operationId?: string
  readonly parameters?: readonly (Parameter | Reference)[]
  readonly requestBody?: Body
  readonly responses?: Readonly<Record<string, Body | Reference>>
}

interface Parameter {
  readonly name: string
  readonly required?: boolean
  readonly schema: JsonObject
}

interface Body {
  readonly required?: boolean
  readonly content?: Readonly<Record<string, { readonly schema?: JsonObject }>>
}

interface Reference {
  readonly $ref: string
}

interface OpenApi {
  readonly paths: Operations
  readonly components: {
    readonly schemas: JsonObject
    readonly parameters: Readonly<Record<string, Parameter>>
    readonly responses: Readonly<Record<string, Body>>
  }
}

const require = createRequire(import.meta.url)

/** Path of the description of GitHub's REST API. */
export const openApiPath = require.resolve('@octokit/openapi/generated/api.github.com.json')

/**
 * Returns the operations of GitHub's REST API as tools: the input has the parameters, and the request as the field `body`; the
 * output is the successful response in JSON.
 */
export async function corpusTools(): Promise<Record<string, Tool>> {
  const { paths, components } = JSON.parse(await readFile(openApiPath, 'utf8')) as OpenApi
  const definitions = toDefinitions(components.schemas)
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  return Object.fromEntries(
    operations.flatMap(({ operationId, parameters = [], requestBody = {}, responses = {} }) => {
      if (operationId === undefined) return []
      const given = parameters.map((parameter) => resolved(parameter, components.parameters))
      const success = Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1] ?? {}
      const outputSchema = schemaOf(resolved(success, components.responses))
      const options = {
        inputSchema: withDefinitions(inputOf(given, requestBody), definitions),
        ...(outputSchema && { outputSchema: withDefinitions(outputSchema, definitions) }),
        execute: () => null,
      }
      return [[`openapi.${operationId.replace('/', '.')}`, tool(options)]]
    }),
  )
}

function inputOf(parameters: readonly Parameter[], body: Body): JsonObject {
  const bodySchema = schemaOf(body)
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name)
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
      ...(bodySchema && { body: bodySchema }),
    },
    required: bodySchema && body.required ? [...required, 'body'] : required,
  }
}

const schemaOf = ({ content }: Body): JsonObject | undefined => content?.['application/json']?.schema

function resolved<Component extends object>(
  component: Component | Reference,
  components: Readonly<Record<string, Component>>,
): Component {
  return '$ref' in component ? components[component.$ref.split('/').at(-1)!]! : component
}

/** Returns a copy whose references to components are references to definitions. */
function toDefinitions(schema: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"#/$defs/')) as JsonObject
}

/** Returns the schema with the definitions that it uses. */
function withDefinitions(schema: JsonObject, definitions: JsonObject): JsonObject {
  const root = toDefinitions(schema)
  const names = new Set<string>()
  const open = [JSON.stringify(root)]
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    for (const [, name] of text.matchAll(/"#\/\$defs\/([^"/]+)"/g)) {
      if (names.has(name!)) continue
      names.add(name!)
      open.push(JSON.stringify(definitions[name!]))
    }
  }
  return { ...root, $defs: Object.fromEntries([...names].map((name) => [name, definitions[name]!])) }
}
