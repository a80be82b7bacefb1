import { isConstant, isFunction, statementsOf } from './effects.ts'
import { declared } from './entry-function.ts'
import { addNames, type AnyNode } from './patterns.ts'

/**
 * Returns the names whose uses show whether a program leaves a value behind: its functions, and the variables that are
 * declared last in it and in the functions that it calls.
 */
export function candidateNames(program: readonly AnyNode[]): string[] {
  const statements = program.map((each) => (each['declaration'] as AnyNode | null | undefined) ?? each)
  const names = [...lastVariables(statements)]
  for (const statement of statements) {
    const entry = declared(statement)
    if (entry?.name !== undefined) names.push(entry.name)
    const node = entry?.node ?? (isFunction(statement) ? statement : functionIn(statement))
    if (node !== undefined) names.push(...lastVariables(statementsOf(node) ?? []))
  }
  return names
}

/** Returns the names of what the last statement computes and keeps. A constant is no value that somebody prepares. */
export function lastVariables(statements: readonly AnyNode[]): readonly string[] {
  const last = statements.findLast(({ type }) => type !== 'FunctionDeclaration' && type !== 'EmptyStatement')
  if (last?.type !== 'VariableDeclaration' || String(last['kind']).includes('using')) return []
  const [first, second] = last['declarations'] as readonly { readonly id: AnyNode; readonly init: AnyNode | null }[]
  const { id, init } = first!
  const names: string[] = []
  if (second === undefined && init !== null && !isConstant(init) && !isFunction(init)) addNames(id, names)
  return names
}

/** Returns the function that an expression is, or that it calls at once. */
export function functionIn(statement: AnyNode): AnyNode | undefined {
  if (statement.type !== 'ExpressionStatement') return undefined
  const callee = calleeOf(statement)
  const node = callee ?? (statement['expression'] as AnyNode)
  return isFunction(node) ? node : undefined
}

/** Returns what an expression statement calls, possibly with `await`. */
export function calleeOf({ expression }: AnyNode): AnyNode | undefined {
  let node = expression as AnyNode
  if (node.type === 'AwaitExpression') node = node['argument'] as AnyNode
  return node.type === 'CallExpression' ? (node['callee'] as AnyNode) : undefined
}
