import type { AnyNode } from './patterns.ts'

/** Function that is the program: the only statement, or an export. */
export interface EntryFunction {
  /** Name by which to call it; undefined for an expression. */
  readonly name: string | undefined
  /** Statement of the expression; undefined for a declaration. */
  readonly statement: AnyNode | undefined
  readonly start: number
  /** Whether it has no parameters or one object pattern, so that it can be called. */
  readonly isCallable: boolean
}

/** Returns the function that is the program because nothing else is in it. */
export function loneFunction(statements: readonly AnyNode[]): EntryFunction | undefined {
  const [only, second] = statements
  if (only === undefined || second !== undefined) return undefined
  return only.type === 'ExpressionStatement' ? ofStatement(only) : declared(only)
}

/** Returns the function that an expression statement consists of. */
export function ofStatement(statement: AnyNode): EntryFunction | undefined {
  return ofFunction(statement['expression'] as AnyNode, undefined, statement)
}

/** Returns the function that a statement declares by a name. */
export function declaredFunction(statements: readonly AnyNode[], name: string | undefined): EntryFunction | undefined {
  if (name === undefined) return undefined
  for (const statement of statements) {
    const entry = declared(statement)
    if (entry?.name === name) return entry
  }
  return undefined
}

function declared(statement: AnyNode): EntryFunction | undefined {
  if (statement.type === 'FunctionDeclaration') return ofFunction(statement, nameOf(statement['id']))
  if (statement.type !== 'VariableDeclaration') return undefined
  const [first, second] = statement['declarations'] as readonly AnyNode[]
  const name = nameOf(first?.['id'])
  const value = first?.['init'] as AnyNode | null
  return second === undefined && name !== undefined && value ? ofFunction(value, name) : undefined
}

function ofFunction(node: AnyNode, name: string | undefined, statement?: AnyNode): EntryFunction | undefined {
  if (!/^(?:Function|Arrow)/.test(node.type)) return undefined
  const [first, second] = node['params'] as readonly AnyNode[]
  const takesInputs = second === undefined && (first === undefined || isObjectPattern(first))
  return { name, statement, start: node.start, isCallable: takesInputs && node['generator'] !== true }
}

function isObjectPattern(parameter: AnyNode): boolean {
  const pattern = parameter.type === 'AssignmentPattern' ? (parameter['left'] as AnyNode) : parameter
  return pattern.type === 'ObjectPattern'
}

function nameOf(id: unknown): string | undefined {
  return (id as { name?: string } | null | undefined)?.name
}
