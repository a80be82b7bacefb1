import { type AnyNode, isNode } from './patterns.ts'

/** Expressions that do nothing but give a value, if their parts do nothing else either. */
const pure = new Set([
  'ArrayExpression',
  'BinaryExpression',
  'ChainExpression',
  'ConditionalExpression',
  'Identifier',
  'Literal',
  'LogicalExpression',
  'MemberExpression',
  'ObjectExpression',
  'Property',
  'SpreadElement',
  'TemplateElement',
  'TemplateLiteral',
])

/** Returns whether an expression has no effect, so that its author means its value. */
export function isPure(node: AnyNode): boolean {
  if (node.type === 'UnaryExpression') return node['operator'] !== 'delete' && isPure(node['argument'] as AnyNode)
  if (!pure.has(node.type)) return isFunction(node)
  return Object.values(node).every((child) =>
    Array.isArray(child) ? child.every((each) => !isNode(each) || isPure(each)) : !isNode(child) || isPure(child),
  )
}

/** Returns whether an expression is made of literals only. */
export function isConstant(node: AnyNode): boolean {
  if (node.type === 'Property') return node['computed'] === false && isConstant(node['value'] as AnyNode)
  if (!/^(?:Literal|TemplateElement|TemplateLiteral|ArrayExpression|ObjectExpression|UnaryExpression)$/.test(node.type))
    return false
  return Object.values(node).every((child) =>
    Array.isArray(child)
      ? child.every((each) => !isNode(each) || isConstant(each))
      : !isNode(child) || isConstant(child),
  )
}

/** Returns whether a node is a function of any form, but no method. */
export function isFunction({ type }: AnyNode): boolean {
  return type === 'ArrowFunctionExpression' || type === 'FunctionExpression' || type === 'FunctionDeclaration'
}

/** Returns the statements of a function; undefined if its body is an expression. */
export function statementsOf(node: AnyNode): readonly AnyNode[] | undefined {
  const body = node['body'] as AnyNode
  return body.type === 'BlockStatement' ? (body['body'] as AnyNode[]) : undefined
}

/** Returns whether a function, or one of its statements, has a `return` with a value of its own. */
export function returnsValue(node: AnyNode): boolean {
  if (node.type === 'ReturnStatement') return node['argument'] !== null
  return Object.values(node).some((child) =>
    Array.isArray(child) ? child.some((each) => isNode(each) && mayReturn(each)) : isNode(child) && mayReturn(child),
  )
}

/** Returns whether a part of a function is a statement that returns a value. Expressions hold no `return` of its own. */
function mayReturn(node: AnyNode): boolean {
  return /Statement$|^SwitchCase$|^CatchClause$/.test(node.type) && node.type !== 'ExpressionStatement'
    ? returnsValue(node)
    : false
}
