import { type AnyNode, isNode } from './patterns.ts'

/**
 * Returns whether statements refer to a function by its name, other than in the function itself, which begins at
 * `start`. Another variable of the same name counts as well.
 */
export function isReferenced(name: string, start: number, statements: readonly AnyNode[]): boolean {
  return statements.some(refers)

  function refers(node: AnyNode): boolean {
    if (node.type === 'Identifier') return node['name'] === name
    if (/Function/.test(node.type) && node.start === start) return false
    for (const [key, child] of Object.entries(node)) {
      if (isName(node, key)) continue
      const found = Array.isArray(child)
        ? child.some((each) => isNode(each) && refers(each))
        : isNode(child) && refers(child)
      if (found) return true
    }
    return false
  }
}

/** Returns whether a child of a node is the name of a variable that it declares, of a property or of a label. */
function isName(node: AnyNode, key: string): boolean {
  if (node.type === 'VariableDeclarator') return key === 'id' && (node['id'] as AnyNode).type === 'Identifier'
  if (key === 'label') return true
  return (key === 'property' || key === 'key') && node['computed'] === false && node['shorthand'] !== true
}
