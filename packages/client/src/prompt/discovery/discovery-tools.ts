/**
 * Built-in tools by which code discovers the others: `tools.$search`, `tools.$describe` and `tools.$list`. They are served by the
 * client, which has the schemas, and know only the tools that the execution may call.
 */
import { nearestName, shortened } from '@codemode/shared/internal'
import type { ToolDeclaration } from '@codemode/shared'

import { ToolError } from '../../errors/tool-error.ts'
import type { RegisteredTool } from '../../tools/prepare-tool.ts'
import type { ToolRegistry } from '../../tools/registry.ts'
import { NamedTypes } from '../declarations/named-types.ts'
import { toolSignature } from '../declarations/tool-signature.ts'
import { firstSentence, toolsType } from '../declarations/tools-type.ts'
import { readDescribe, readList, readSearch } from './discovery-input.ts'
import { SearchIndex } from './search-index.ts'

const names = ['$search', '$describe', '$list'] as const

/** Declarations of the built-in tools for the executor. */
export const discoveryDeclarations: readonly ToolDeclaration[] = names.map((name) => ({ name }))

/** Maximum length of a signature in the results of a search; `$describe` returns the whole declaration. */
const maxSignatureLength = 1_000

/** Tools of an execution. */
interface DiscoveryScope {
  readonly registry: ToolRegistry
  /** Names of the tools that the execution may call. */
  readonly allowed: readonly string[]
}

/** Returns whether a name is that of a built-in tool. */
export function isDiscoveryTool(name: string): boolean {
  return (names as readonly string[]).includes(name)
}

/** Returns the built-in tool of this name for an execution; undefined if there is none. */
export function discoveryTool(name: string, scope: DiscoveryScope): RegisteredTool | undefined {
  if (!isDiscoveryTool(name)) return undefined
  const handlers = { $search: search, $describe: describe, $list: list }
  const handler = (input: unknown): unknown => handlers[name as (typeof names)[number]](input, scope)
  return { name, declaration: { name }, handler, input: undefined, output: undefined, approvalRule: undefined }
}

function search(input: unknown, { registry, allowed }: DiscoveryScope): unknown {
  const { query, limit } = readSearch(input)
  const isAllowed = new Set(allowed)
  const found = indexOf(registry).find(query, limit, (name) => isAllowed.has(name))
  return found.flatMap((name) => {
    const declaration = registry.get(name)?.declaration
    if (declaration === undefined) return []
    return [
      { name, description: firstSentence(declaration.description ?? ''), declaration: shortDeclaration(declaration) },
    ]
  })
}

function describe(input: unknown, { registry, allowed }: DiscoveryScope): string {
  const declarations = readDescribe(input).map((name) => {
    const declaration = allowed.includes(name) ? registry.get(name)?.declaration : undefined
    if (declaration !== undefined) return declaration
    throw new ToolError(`There is no tool ${name}. ${adviceFor(name, callable(allowed))}`, { code: 'NOT_FOUND' })
  })
  return toolsType(declarations, 'full')
}

/** Returns a sentence about a name that no tool has: the tools of a namespace, the tool of a similar name, or how to search. */
function adviceFor(name: string, known: readonly string[]): string {
  if (known.some((other) => other.startsWith(`${name}.`)))
    return `It is a namespace: tools.$list('${name}') returns its names.`
  const near = known.find((other) => other.endsWith(`.${name}`)) ?? nearestName(name, known)
  return near === undefined ? `tools.$search('words') finds tools.` : `Did you mean ${near}?`
}

function list(input: unknown, { allowed }: DiscoveryScope): string[] {
  const namespace = readList(input)
  const all = callable(allowed).toSorted()
  return namespace === undefined ? all : all.filter((name) => name.startsWith(`${namespace}.`))
}

function callable(allowed: readonly string[]): string[] {
  return allowed.filter((name) => !isDiscoveryTool(name))
}

/** Returns the types that a tool uses, and a line by which it is called. */
function shortDeclaration(declaration: ToolDeclaration): string {
  const named = new NamedTypes()
  const signature = toolSignature(declaration, { named, hasDocs: false })
  return shortened([...named.declarations, `tools.${declaration.name}${signature}`].join('\n'), maxSignatureLength)
}

/** Indexes of the registries, each with the version of the registry that it has. */
const indexes = new WeakMap<ToolRegistry, { readonly version: number; readonly index: SearchIndex }>()

function indexOf(registry: ToolRegistry): SearchIndex {
  const { version } = registry
  const kept = indexes.get(registry)
  if (kept?.version === version) return kept.index
  const index = new SearchIndex(registry.select(undefined).map(({ declaration }) => declaration))
  indexes.set(registry, { version, index })
  return index
}
