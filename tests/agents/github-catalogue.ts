/**
 * Makes `catalogues/github.json`: 500 operations of GitHub's REST API as tools, from `@octokit/openapi` (MIT).
 *
 * node --conditions=@codemode/source tests/agents/github-catalogue.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'

import type { JsonObject } from '@codemode/shared'

import { openApiPath } from './corpus.ts'

interface Parameter {
  readonly name: string
  readonly required?: boolean
  readonly schema: JsonObject
}

interface Operation {
  readonly operationId?: string
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: JsonObject }>> }
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const areas =
  'issues gists activity search reactions users pulls repos git checks teams packages markdown emojis'.split(' ')

const document = JSON.parse(readFileSync(openApiPath, 'utf8')) as Document

function resolve(ref: string): unknown {
  return ref
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document)
}

/** Returns a copy with references in place, without examples, and with the first 100 characters of descriptions. */
function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(compact)
  if (typeof value !== 'object' || value === null) return value
  if ('$ref' in value && typeof value.$ref === 'string') return compact(resolve(value.$ref))
  const entries = Object.entries(value).filter(
    ([key]) => !/^(?:example|examples|x-.*|deprecated|externalDocs)$/.test(key),
  )
  return Object.fromEntries(
    entries.map(([key, inner]) => [
      key,
      key === 'description' && typeof inner === 'string' ? sentence(inner, 100) : compact(inner),
    ]),
  )
}

function sentence(text: string, maxLength: number): string {
  const first = text.split(/\n|(?<=\.)\s/, 1)[0]!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return first.length <= maxLength ? first : `${first.slice(0, maxLength - 1)}…`
}

function toolOf({ operationId = '', summary, description = '', parameters = [], requestBody }: Operation) {
  const resolved = parameters.map((parameter) =>
    '$ref' in parameter ? (resolve(parameter.$ref) as Parameter) : parameter,
  )
  const body = compact(requestBody?.content?.['application/json']?.schema ?? {}) as {
    readonly properties?: JsonObject
    readonly required?: readonly string[]
  }
  const required = [
    ...resolved.filter((parameter) => parameter.required).map(({ name }) => name),
    ...(body.required ?? []),
  ]
  return {
    name: operationId.replace('/', '.'),
    description: `${summary}. ${sentence(description, 200)}`.trim(),
    inputSchema: {
      type: 'object',
      properties: {
        ...Object.fromEntries(resolved.map(({ name, schema }) => [name, compact(schema)])),
        ...body.properties,
      },
      ...(required.length > 0 && { required: [...new Set(required)] }),
    },
  }
}

const tools = Object.values(document.paths)
  .flatMap((methods) => Object.values(methods))
  .filter(({ operationId }) => operationId !== undefined && areas.includes(operationId.split('/', 1)[0]!))
  .map(toolOf)
const lines = tools.map((tool) => JSON.stringify(tool))
writeFileSync(new URL('catalogues/github.json', import.meta.url), `[\n${lines.join(',\n')}\n]\n`)
