/**
 * Finds the regular expressions of a source file in its syntax tree: literals, and calls that create one at run time.
 */
import { stripTypeScriptTypes } from 'node:module'

import { parse, type Node, type Options } from 'acorn'

/** Regular expression, or a call that creates one. */
export interface FoundRegex {
  readonly path: string
  /** Line in the file, counted from 1. */
  readonly line: number
  /** Source text: a literal, or the call that creates the expression at run time. */
  readonly text: string
  /** Pattern; undefined if it is not a constant in the file. */
  readonly pattern: string | undefined
  readonly flags: string
}

type AnyNode = Node & { readonly [property: string]: unknown }

/** String methods that convert an argument that is not a regular expression into one. */
const implicitMethods: ReadonlySet<unknown> = new Set(['match', 'matchAll', 'search'])

/** Returns the regular expressions of a TypeScript source in the order in which they appear. */
export function findRegexes(path: string, source: string): FoundRegex[] {
  // Types are replaced by blanks, so that positions do not change.
  const code = stripTypeScriptTypes(source)
  const options: Options = { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true }
  const found: FoundRegex[] = []

  function add(node: AnyNode, pattern: string | undefined, flags: string): void {
    const line = source.slice(0, node.start).split('\n').length
    found.push({ path, line, text: source.slice(node.start, node.end), pattern, flags })
  }

  function visit(node: AnyNode): void {
    const regex = node['regex'] as { pattern: string; flags: string } | undefined
    if (regex !== undefined) add(node, regex.pattern, regex.flags)
    else if (makesRegex(node)) {
      const [pattern, flags] = node['arguments'] as (AnyNode | undefined)[]
      const constantFlags = flags === undefined ? '' : constantText(flags)
      add(node, constantFlags === undefined ? undefined : constantText(pattern), constantFlags ?? '')
    }
    for (const child of Object.values(node)) {
      for (const each of Array.isArray(child) ? (child as unknown[]) : [child]) if (isNode(each)) visit(each)
    }
  }

  visit(parse(code, options) as unknown as AnyNode)
  return found
}

/**
 * Returns whether a node is a call of `RegExp`, or of a string's method with an argument that is not a literal
 * expression.
 */
function makesRegex(node: AnyNode): boolean {
  if (node.type !== 'NewExpression' && node.type !== 'CallExpression') return false
  const callee = node['callee'] as AnyNode
  const [first] = node['arguments'] as AnyNode[]
  const name = callee.type === 'MemberExpression' ? (callee['property'] as AnyNode)['name'] : callee['name']
  if (name === 'RegExp') return true
  const isMethod = callee.type === 'MemberExpression' && implicitMethods.has(name)
  return isMethod && first !== undefined && first['regex'] === undefined
}

/** Returns the text of a constant string, undefined for any other expression. */
function constantText(node: AnyNode | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  if (node?.type !== 'TemplateLiteral' || (node['expressions'] as unknown[]).length > 0) return undefined
  const [quasi] = node['quasis'] as { value: { cooked: string } }[]
  return quasi?.value.cooked
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
