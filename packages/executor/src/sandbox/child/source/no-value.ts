import type { EntryFunction } from './entry-function.ts'
import type { NameUses } from './name-uses.ts'
import type { AnyNode } from './patterns.ts'

/** Mistake because of which a program may have no value, and its offset. */
export interface NoValue {
  readonly message: string
  readonly offset: number
}

interface Facts {
  readonly uses: NameUses
  readonly entry: EntryFunction | undefined
  readonly isCalled: boolean
  /** Last statement that is no function declaration. */
  readonly last: AnyNode | undefined
  readonly hasResult: boolean
}

/** Returns the mistake that the author made if the program turns out to have no value. */
export function noValueOf(statements: readonly AnyNode[], facts: Facts): NoValue | undefined {
  if (statements.length === 0)
    return mistake(0, 'The code has no statements: it is empty, or has only comments and types.')
  const { entry, last, uses } = facts
  if (entry !== undefined && !entry.isCallable && entry.statement === undefined) {
    return mistake(
      entry.start,
      `The function ${entry.name} is never called, because it is a generator or has parameters other than one object pattern. ` +
        `Call it in the last line, or declare it as async function ${entry.name}({ tools, input, context, config }).`,
    )
  }
  const main = facts.isCalled ? undefined : uses.unusedAt('main')
  if (main !== undefined)
    return mistake(main, 'main is declared and never used. Call it in the last line: await main()')
  for (const name of ['result', 'output'] as const) {
    const at = name === 'result' && facts.hasResult ? undefined : uses.unusedAt(name)
    if (at !== undefined) {
      return mistake(
        at,
        `${name} is set and never used where it is in scope. Return it, or make it the last expression.`,
      )
    }
  }
  const kind = last && trailingKinds[last.type]
  if (kind === undefined || !endsInExpression(last)) return undefined
  return mistake(
    last!.start,
    `The last statement is ${kind}, and the expressions in it are not the value. Use return in it, or assign to result.`,
  )
}

function mistake(offset: number, text: string): NoValue {
  return { offset, message: `The value is null. ${text}` }
}

const trailingKinds: Readonly<Record<string, string>> = {
  IfStatement: 'an if',
  TryStatement: 'a try',
  SwitchStatement: 'a switch',
  BlockStatement: 'a block',
  LabeledStatement: 'a labelled statement',
}

/** Returns whether a statement may end in an expression, other than one that writes a log. */
function endsInExpression(statement: unknown): boolean {
  if (statement == null) return false
  const node = statement as AnyNode
  switch (node.type) {
    case 'ExpressionStatement':
      return !writesLog(node['expression'] as AnyNode)
    case 'BlockStatement':
      return endsInExpression(lastOf(node['body']))
    case 'IfStatement':
      return endsInExpression(node['consequent']) || endsInExpression(node['alternate'])
    case 'TryStatement':
      return endsInExpression(node['block']) || endsInExpression((node['handler'] as AnyNode | null)?.['body'])
    case 'SwitchStatement':
      return (node['cases'] as AnyNode[]).some((each) => endsInExpression(lastOf(each['consequent'])))
    case 'LabeledStatement':
      return endsInExpression(node['body'])
    default:
      return false
  }
}

/** Returns the last statement of a list that is no `break`. */
function lastOf(statements: unknown): AnyNode | undefined {
  return (statements as AnyNode[]).findLast(({ type }) => type !== 'BreakStatement')
}

/** Returns whether an expression is a call of a method of `console`. */
export function writesLog(expression: AnyNode): boolean {
  const callee = expression['callee'] as AnyNode | undefined
  const object = callee?.['object'] as { name?: string } | undefined
  return expression.type === 'CallExpression' && object?.name === 'console'
}
