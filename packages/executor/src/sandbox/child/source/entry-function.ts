import type { AnyNode } from './patterns.ts'

/** Function that is the program: the only statement, the default export, or the only other export. */
export interface EntryFunction {
  /** Name by which to call it; undefined for an expression. */
  readonly name: string | undefined
  /** Statement of the expression; undefined for a declaration. */
  readonly statement: AnyNode | undefined
  readonly start: number
  /** Function itself. */
  readonly node: AnyNode
  /** Whether it has no parameters or one object pattern, so that it can be called. */
  readonly isCallable: boolean
}

/** Returns the function that is the program, if there is one; `exportedName` is that of its export. */
export function entryFunction(
  statements: readonly AnyNode[],
  exportedName: string | undefined,
): EntryFunction | undefined {
  if (exportedName !== undefined) {
    for (const statement of statements) {
      const entry = declared(statement)
      if (entry?.name === exportedName) return entry
    }
    return undefined
  }
  const last = statements.at(-1)
  if (statements.length !== 1 && last?.['isDefaultExport'] !== true) return undefined
  if (last?.type !== 'ExpressionStatement') return last && declared(last)
  return ofFunction(last['expression'] as AnyNode, undefined, last)
}

/** Returns the function that a statement declares, if it declares nothing else. */
export function declared(statement: AnyNode): EntryFunction | undefined {
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
  return { name, statement, node, start: node.start, isCallable: takesInputs && node['generator'] !== true }
}

function isObjectPattern(parameter: AnyNode): boolean {
  const pattern = parameter.type === 'AssignmentPattern' ? (parameter['left'] as AnyNode) : parameter
  return pattern.type === 'ObjectPattern'
}

function nameOf(id: unknown): string | undefined {
  return (id as { name?: string } | null | undefined)?.name
}
