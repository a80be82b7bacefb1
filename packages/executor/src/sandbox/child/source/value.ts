import type { Program } from 'acorn'

import type { Analysis } from './analysis.ts'
import { entryFunction } from './entry-function.ts'
import { withoutExports } from './exports.ts'
import type { Insertion } from './insertions.ts'
import type { Mistake } from './mistakes.ts'
import type { NameUses } from './name-uses.ts'
import { noValueOf } from './no-value.ts'
import { type AnyNode, bindsResult } from './patterns.ts'

/** Code that returns its value once the insertions are in it. */
export interface ValuedCode {
  readonly code: string
  readonly insertions: readonly Insertion[]
  /** Mistake to report if the code turns out to have no value. */
  readonly noValue: Mistake | undefined
}

/** Argument of a function that is the program. Its parameters may be named like the globals. */
const inputs =
  '{ tools: globalThis.tools, input: globalThis.input, context: globalThis.context, config: globalThis.config }'

/**
 * Returns what makes a program return its value. A `return` of its own needs nothing. At its end, the value is that of
 * its last expression; `result`, if there is no such expression or its value is undefined; or that of a lone function,
 * which is called.
 */
export function withValue(original: string, program: Program, analysis: Analysis): ValuedCode {
  const exported = withoutExports(original, program)
  const { code, defaultName } = exported
  const statements = meaningful(exported.statements)
  const end = program.body.at(-1)?.end ?? code.length
  // Function declarations take effect before everything else, so an expression in front of them still comes last.
  const last = statements.findLast(({ type }) => type !== 'FunctionDeclaration')
  const hasResult = analysis.declaresResult || analysis.assignsUndeclaredResult
  const lastExpression =
    last?.type === 'ExpressionStatement' && !(hasResult && setsResult(last['expression'] as AnyNode)) ? last : undefined

  const noEntry = lastExpression !== undefined || hasResult
  const mainName = noEntry ? undefined : mainExport(statements, exported.exportedNames, analysis.uses)
  const entry = entryFunction(statements, defaultName ?? mainName)
  const isCalled = entry?.isCallable === true && (lastExpression === undefined || lastExpression === entry.statement)
  const exportedVariable = entry === undefined ? defaultName : undefined
  const fallback = exportedVariable ?? (hasResult ? 'result' : undefined)
  // `var` is hoisted to before the first assignment.
  const declaration = hasResult && !analysis.declaresResult ? ';var result' : ''
  const noValue = noValueOf(statements, { uses: analysis.uses, entry, isCalled, last, hasResult })

  const [before, after] =
    fallback === undefined
      ? ['return (', ')']
      : [`return (({ value = ${fallback} }) => value)({ value: await (`, ') })']
  const call = isCalled ? `(${inputs})` : ''
  const expression = isCalled ? entry.statement : lastExpression
  if (expression !== undefined) {
    // The statement ends at its last token, before any comment. Parentheses belong to the statement and not to the
    // expression.
    const stop = code[expression.end - 1] === ';' ? expression.end - 1 : expression.end
    const suffix = fallback === undefined ? `)${call}` : `)${call} })`
    return { code, noValue, insertions: [insertion(expression.start, before), insertion(stop, suffix + declaration)] }
  }
  if (isCalled)
    return { code, noValue, insertions: [insertion(end, `;${before}${entry.name}${call}${after}${declaration}`)] }
  const insertions = fallback === undefined ? [] : [insertion(end, `;return ${fallback}${declaration}`)]
  return { code, noValue, insertions }
}

/**
 * Returns the export that is the program beside its helpers: the only one, or `main`. Nothing else runs, and nothing
 * uses it.
 */
function mainExport(statements: readonly AnyNode[], names: readonly string[], uses: NameUses): string | undefined {
  const name = names.length === 1 ? names[0] : names.find((each) => each === 'main')
  const runsNothing = statements.every(({ type }) => type.endsWith('Declaration'))
  return name !== undefined && runsNothing && uses.unusedAt(name) !== undefined ? name : undefined
}

function insertion(offset: number, text: string): Insertion {
  return { offset, text }
}

/** Returns the statements that do something. A directive is one of them only if it is the whole program. */
function meaningful(statements: readonly AnyNode[]): readonly AnyNode[] {
  const all = statements.filter(({ type }) => type !== 'EmptyStatement')
  const first = all.findIndex(({ directive }) => directive !== 'use strict')
  return first === -1 ? all.slice(-1) : all.slice(first)
}

/** Returns whether an expression gives `result` a value, which is then what its author means. */
function setsResult(expression: AnyNode): boolean {
  if (expression.type === 'AssignmentExpression') return bindsResult(expression['left'])
  return expression.type === 'UpdateExpression' && bindsResult(expression['argument'])
}
