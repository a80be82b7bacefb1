import type { ToolDeclaration } from '@codemode/shared'

import { ConfigurationError } from '../../errors/configuration-error.ts'
import { docComment } from './type-text.ts'
import { toolsType } from './tools-type.ts'

/** Minimum budget of declarations, in characters: room for how to discover the tools. */
export const minBudget = 1_000

/** Length of the shortest type of a tool. */
const minTypeLength = '(input: {}): Promise<{}>'.length

/** Type of the built-in tools by which code discovers the others. */
const discoveryType = `declare const tools: {
  /** Returns the tools that match words in plain language best: at most \`limit\`, which is 5 by default. */
  $search(query: string, options?: { limit?: number }): Promise<{ name: string; description: string; declaration: string }[]>
  /** Returns the TypeScript declarations of tools by their names, with all comments. */
  $describe(name: string | string[]): Promise<string>
  /** Returns the names of all tools, or of those in a namespace. */
  $list(namespace?: string): Promise<string[]>
  [name: string]: any
}`

/**
 * Returns TypeScript declarations of tools within a budget of characters: with all comments; or with types and the first sentence
 * about each tool; or the names; or how to discover the tools. Equal tools have an equal text.
 */
export function declarationsOf(tools: readonly ToolDeclaration[], budget: number | undefined): string {
  if (budget === undefined) return toolsType(tools, 'full')
  if (!Number.isInteger(budget) || budget < minBudget) {
    throw new ConfigurationError(
      `The budget of declarations is a whole number of characters, from ${minBudget.toLocaleString('en-US')}; it is ${String(budget)}.`,
      'codemode.declarations({ budget: 8_000 })',
    )
  }
  // Each tool takes its name and a type, so that many tools need not be written to know that they are too long.
  const leastLength = tools.reduce((sum, { name }) => sum + name.length - name.lastIndexOf('.') + minTypeLength, 0)
  const types = leastLength > budget ? [] : [() => toolsType(tools, 'full'), () => toolsType(tools, 'types')]
  const forms = [...types, () => withNames(tools), () => withNamespaces(tools, budget)]
  for (const form of forms) {
    const text = form()
    if (text.length <= budget) return text
  }
  return `${docComment([`There are ${tools.length} tools.`])}${discoveryType}`
}

/** Returns the names of the tools, with the types by which code reads theirs. */
function withNames(tools: readonly ToolDeclaration[]): string {
  const names = tools.map(({ name }) => name).toSorted()
  return `${docComment(['Tools, whose types tools.$describe returns:', names.join(', ')])}${discoveryType}`
}

/** Returns the namespaces that most tools are in, with their numbers. */
function withNamespaces(tools: readonly ToolDeclaration[], budget: number): string {
  const counts = new Map<string, number>()
  for (const { name } of tools) {
    const namespace = name.slice(0, Math.max(0, name.indexOf('.')))
    counts.set(namespace, (counts.get(namespace) ?? 0) + 1)
  }
  const namespaces = [...counts]
    .filter(([namespace]) => namespace !== '')
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  const list = namespaces.map(([namespace, count]) => `${namespace} (${count})`).join(', ')
  const lines = [
    `There are ${tools.length} tools; find them with tools.$search.`,
    ...(list === '' ? [] : [`Namespaces: ${list}`]),
  ]
  const text = `${docComment(lines)}${discoveryType}`
  return text.length <= budget ? text : `${docComment(lines.slice(0, 1))}${discoveryType}`
}
