import type { AnyNode } from './patterns.ts'

/** Returns the name of the method that a call calls; undefined for another function or a computed name. */
export function methodOf(callee: AnyNode): string | undefined {
  if (callee.type !== 'MemberExpression' || callee['computed'] === true) return undefined
  return (callee['property'] as { name?: string }).name
}

/** Returns whether an expression is a property of `console`. */
export function isOfConsole({ object }: AnyNode): boolean {
  return (object as { name?: string } | undefined)?.name === 'console'
}

/** Returns whether an expression is a call of a method of `console`. */
export function writesLog(expression: AnyNode): boolean {
  const callee = expression['callee'] as AnyNode | undefined
  return expression.type === 'CallExpression' && callee !== undefined && isOfConsole(callee)
}
