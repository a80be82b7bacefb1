import { isOfConsole, methodOf, writesLog } from './calls.ts'
import { calleeOf, functionIn, lastVariables } from './candidates.ts'
import { isConstant, isFunction, isPure, returnsValue, statementsOf } from './effects.ts'
import { declared, type EntryFunction } from './entry-function.ts'
import type { Mistake } from './mistakes.ts'
import type { NameUses } from './name-uses.ts'
import type { AnyNode } from './patterns.ts'

interface Facts {
  readonly uses: NameUses
  readonly entry: EntryFunction | undefined
  readonly isCalled: boolean
  /** Last statement that is no function declaration. */
  readonly last: AnyNode | undefined
  readonly hasResult: boolean
}

/** Function that returns the mistake that the author made if the code turns out to have no value. */
export type FindNoValue = (statements: readonly AnyNode[], facts: Facts) => Mistake | undefined

/** Returns the mistake that the author made if the program turns out to have no value. */
export function noValueOf(statements: readonly AnyNode[], facts: Facts): Mistake | undefined {
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
  return ofTheLast(last) ?? ofCalledFunction(statements, facts) ?? ofTheEnd(statements, facts)
}

/**
 * Returns the same for a step of a session. Its variables and functions are for the steps after it, so that nothing in it
 * has to use them.
 */
export function noValueOfStep(statements: readonly AnyNode[], facts: Facts): Mistake | undefined {
  return ofTheLast(facts.last) ?? ofCalledFunction(statements, facts)
}

/** Returns the mistake of a last statement that computes a value and does not give it. */
function ofTheLast(last: AnyNode | undefined): Mistake | undefined {
  const kind = last && trailingKinds[last.type]
  if (kind !== undefined && endsInExpression(last)) {
    return mistake(
      last!.start,
      `The last statement is ${kind}, and the expressions in it are not the value. Use return in it, or assign to result.`,
    )
  }
  const written = last?.type === 'ExpressionStatement' ? thenLog(last['expression'] as AnyNode) : undefined
  if (written !== undefined)
    return mistake(
      written.start,
      'The value is written to the log by console.log. Leave out .then, or return the value in it.',
    )
  return undefined
}

/** Returns the mistake of a function that is called for the value of the program and returns nothing. */
function ofCalledFunction(statements: readonly AnyNode[], { entry, isCalled, last, uses }: Facts): Mistake | undefined {
  const called = isCalled ? entry!.node : last && calledFunction(last, statements)
  const inside = called && !returnsValue(called) ? statementsOf(called) : undefined
  const end = inside?.at(-1)
  // What follows a `return` never runs, which is another mistake.
  if (end === undefined || inside!.at(-2)?.type === 'ReturnStatement') return undefined
  const name = (called!['id'] as { name: string } | null | undefined)?.name
  const subject = name === undefined ? 'The function' : `The function ${name}`
  if (end.type === 'ExpressionStatement' && isPure(end['expression'] as AnyNode))
    return mistake(end.start, `${subject} returns nothing. Write return before its last expression.`)
  const variables = lastVariables(inside!)
  if (!areUnused(variables, uses)) return undefined
  const names = variables.join(', ')
  return mistake(end.start, `${subject} returns nothing, and nothing reads ${names}. Return the value at its end.`)
}

function calledFunction(last: AnyNode, statements: readonly AnyNode[]): AnyNode | undefined {
  if (last.type !== 'ExpressionStatement') return undefined
  const callee = calleeOf(last)
  if (callee?.type !== 'Identifier') return functionIn(last)
  return statements.map(declared).find((each) => each?.name === callee['name'])?.node
}

/** Returns the mistake of a program that only declares functions, or that ends in a variable that nothing reads. */
function ofTheEnd(statements: readonly AnyNode[], { isCalled, uses }: Facts): Mistake | undefined {
  if (!isCalled && statements.every(declares)) {
    for (const each of statements.toReversed()) {
      const name = declared(each)?.name
      const at = name === undefined ? undefined : uses.unusedAt(name)
      if (at !== undefined)
        return mistake(at, `${name} is declared and never used. Call it in the last line: await ${name}()`)
    }
  }
  const variables = lastVariables(statements)
  if (!areUnused(variables, uses)) return undefined
  const names = variables.join(', ')
  return mistake(
    uses.unusedAt(variables[0]!)!,
    `The last statement sets ${names}, and nothing reads ${variables.length > 1 ? 'them' : 'it'}. Return the value, or make it the last expression.`,
  )
}

function areUnused(variables: readonly string[], uses: NameUses): boolean {
  return variables.length > 0 && variables.every((name) => uses.unusedAt(name) !== undefined)
}

/** Returns whether a statement only declares functions, classes and constants. */
function declares(statement: AnyNode): boolean {
  if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') return true
  if (statement.type !== 'VariableDeclaration') return false
  return (statement['declarations'] as { readonly init: AnyNode | null }[]).every(
    ({ init }) => init !== null && (isFunction(init) || isConstant(init)),
  )
}

function mistake(offset: number, text: string): Mistake {
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

/** Returns the callback of a `then` that writes the value to the log; a `catch` or `finally` may follow. */
function thenLog(expression: AnyNode): AnyNode | undefined {
  const node = expression.type === 'AwaitExpression' ? (expression['argument'] as AnyNode) : expression
  const callee = node['callee'] as AnyNode | undefined
  if (node.type !== 'CallExpression' || callee === undefined) return undefined
  const method = methodOf(callee)
  if (method === 'catch' || method === 'finally') return thenLog(callee['object'] as AnyNode)
  const [callback] = node['arguments'] as AnyNode[]
  if (method !== 'then' || callback === undefined) return undefined
  const isLog =
    callback.type === 'ArrowFunctionExpression' ? writesLog(callback['body'] as AnyNode) : isOfConsole(callback)
  return isLog ? callback : undefined
}
