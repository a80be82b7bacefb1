import type { Node } from 'acorn'

/** Node of the syntax tree, with its fields by name. */
export type AnyNode = Node & { readonly [property: string]: unknown }

export function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** Adds the names that a pattern, or the target of an assignment, binds. */
export function addNames(pattern: unknown, names: string[]): void {
  if (!isNode(pattern)) return
  switch (pattern.type) {
    case 'Identifier':
      names.push(pattern['name'] as string)
      break
    case 'ObjectPattern':
      for (const each of pattern['properties'] as AnyNode[]) addNames(each['value'] ?? each['argument'], names)
      break
    case 'ArrayPattern':
      for (const each of pattern['elements'] as unknown[]) addNames(each, names)
      break
    case 'AssignmentPattern':
      addNames(pattern['left'], names)
      break
    case 'RestElement':
      addNames(pattern['argument'], names)
      break
  }
}

/** Returns whether a pattern, or the target of an assignment, names `result`. */
export function bindsResult(pattern: unknown): boolean {
  const names: string[] = []
  addNames(pattern, names)
  return names.includes('result')
}
