import { readFile } from 'node:fs/promises'
import { env } from 'node:process'

import { tool, type JsonObject, type Tool } from '@codemode/client'

type Operations = Readonly<Record<string, Readonly<Record<string, Operation>>>>

interface Operation {
  readonly operationId?: string
  readonly requestBody?: Body
  readonly responses?: Readonly<Record<string, Body>>
}

interface Body {
  readonly content?: Readonly<Record<string, { readonly schema?: JsonObject }>>
}

/**
 * Returns the operations of the OpenAPI document that `CODEMODE_OPENAPI` names, with the bodies of requests and responses as
 * schemas, such as `api.github.com.json` of `@octokit/openapi`; none without the variable.
 */
export async function corpusTools(): Promise<Record<string, Tool>> {
  const path = env['CODEMODE_OPENAPI']
  if (path === undefined) return {}
  const { paths, components } = JSON.parse(await readFile(path, 'utf8')) as {
    paths: Operations
    components: { schemas: JsonObject }
  }
  const definitions = toDefinitions(components.schemas)
  const schemaOf = (body: Body | undefined): JsonObject | undefined => {
    const schema = body?.content?.['application/json']?.schema
    return schema === undefined ? undefined : used({ ...toDefinitions(schema) }, definitions)
  }
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  return Object.fromEntries(
    operations.flatMap(({ operationId, requestBody, responses = {} }) => {
      if (operationId === undefined) return []
      const outputSchema = schemaOf(Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1])
      return [
        [
          `openapi.${operationId.replace('/', '.')}`,
          tool({ inputSchema: schemaOf(requestBody), outputSchema, execute: () => null }),
        ],
      ]
    }),
  )
}

/** Returns a copy whose references to components are references to definitions. */
function toDefinitions<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value).replaceAll('"#/components/schemas/', '"#/$defs/')) as Value
}

/** Returns the schema with the definitions that it uses. */
function used(schema: JsonObject, definitions: JsonObject): JsonObject {
  const names = new Set<string>()
  const open = [JSON.stringify(schema)]
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    for (const [, name] of text.matchAll(/"#\/\$defs\/([^"/]+)"/g)) {
      if (names.has(name!)) continue
      names.add(name!)
      open.push(JSON.stringify(definitions[name!]))
    }
  }
  return { ...schema, $defs: Object.fromEntries([...names].map((name) => [name, definitions[name]!])) }
}
