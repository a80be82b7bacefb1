import type { Program } from 'acorn'

import type { Analysis } from './analysis.ts'
import { writesLog } from './calls.ts'
import { declared, type EntryFunction, entryFunction } from './entry-function.ts'
import { type Statements, withoutExports } from './exports.ts'
import type { Insertion } from './insertions.ts'
import type { Mistake } from './mistakes.ts'
import { type FindNoValue, noValueOf } from './no-value.ts'
import { type AnyNode, bindsResult } from './patterns.ts'
import { isReferenced } from './referenced-name.ts'
import { unusedName } from './unused-name.ts'

/** Code that returns its value once the insertions are in it. */
export interface ValuedCode {
  readonly code: string
  readonly insertions: readonly Insertion[]
  /** Mistake to report if the code turns out to have no value. */
  readonly noValue: Mistake | undefined
}

/** Rules by which code gets its value that differ between programs and the steps of a session. */
export interface ValueRules {
  /** Whether a function that is declared and is all of the code is called. */
  readonly callsDeclaredFunction: boolean
  /** Declaration of `result` for code that assigns it and does not declare it. */
  readonly resultDeclaration: string
  readonly noValueOf: FindNoValue
}

/** Rules of a program. `var` is hoisted to before the first assignment. */
export const valueOfProgram: ValueRules = {
  callsDeclaredFunction: true,
  resultDeclaration: ';var result',
  noValueOf,
}

/** Argument of a function that is the program. Its parameters may be named like the globals. */
const inputs =
  '{ tools: globalThis.tools, input: globalThis.input, context: globalThis.context, config: globalThis.config }'

/**
 * Returns what makes a program return its value. A `return` of its own needs nothing. At its end, the value is that of
 * its default export; its last expression; `result`, if there is no such expression or its value is undefined; or that
 * of a lone or exported function, which is called.
 */
export function withValue(original: string, program: Program, analysis: Analysis, rules: ValueRules): ValuedCode {
  const exported = withoutExports(original, program)
  const { code, defaultName } = exported
  const statements = meaningful(exported.statements)
  const end = program.body.at(-1)?.end ?? code.length
  // Function declarations take effect before everything else, so an expression in front of them still comes last.
  const last = statements.findLast(({ type }) => type !== 'FunctionDeclaration')
  const { variable, declaration } = resultOf(analysis, rules)
  const lastExpression =
    last?.type === 'ExpressionStatement' && !(variable !== undefined && setsResult(last['expression'] as AnyNode))
      ? last
      : undefined

  const { entry, isCalled } = entryOf(exported, statements, { analysis, lastExpression, rules })
  const marked = statements.find(({ isDefaultExport }) => isDefaultExport === true)
  const isClass = statements.some((each) => each.type === 'ClassDeclaration' && nameOf(each) === defaultName)
  const exportedVariable = entry === undefined && !(isClass && lastExpression !== undefined) ? defaultName : undefined
  const fallback = exportedVariable ?? variable
  const facts = { uses: analysis.uses, entry, isCalled, last, hasResult: variable !== undefined }
  const noValue = exportedVariable === undefined ? rules.noValueOf(statements, facts) : undefined

  const [before, after] =
    fallback === undefined
      ? ['return (', ')']
      : [`return (({ value = ${fallback} }) => value)({ value: await (`, ') })']
  const call = isCalled ? `(${inputs})` : ''
  let expression = marked
  if (expression === undefined && exportedVariable === undefined)
    expression = isCalled ? entry?.statement : lastExpression
  if (expression !== undefined) {
    // The statement ends at its last token, before any comment. Parentheses belong to the statement and not to the
    // expression.
    const stop = code[expression.end - 1] === ';' ? expression.end - 1 : expression.end
    if (expression !== last) {
      const name = unusedName(code, 'exported')
      const value = `;${before}${name}${call}${after}${declaration}`
      const kept = [insertion(expression.start, `const ${name} = (`), insertion(stop, ');')]
      return { code, noValue, insertions: [...kept, insertion(end, value)] }
    }
    const suffix = fallback === undefined ? `)${call}` : `)${call} })`
    return { code, noValue, insertions: [insertion(expression.start, before), insertion(stop, suffix + declaration)] }
  }
  if (isCalled && entry !== undefined)
    return { code, noValue, insertions: [insertion(end, `;${before}${entry.name}${call}${after}${declaration}`)] }
  const insertions = fallback === undefined ? [] : [insertion(end, `;return ${fallback}${declaration}`)]
  return { code, noValue, insertions }
}

/** Returns what holds `result`, if the program sets it, and the declaration that it needs. */
function resultOf(
  analysis: Analysis,
  { resultDeclaration }: ValueRules,
): { variable: string | undefined; declaration: string } {
  if (analysis.declaresResult) return { variable: 'result', declaration: '' }
  if (analysis.assignsUndeclaredResult) return { variable: 'result', declaration: resultDeclaration }
  return { variable: analysis.assignsGlobalResult ? 'globalThis.result' : undefined, declaration: '' }
}

interface Facts {
  readonly analysis: Analysis
  readonly lastExpression: AnyNode | undefined
  readonly rules: ValueRules
}

/**
 * Returns the function that is the program, and whether to call it. The default export has precedence over the last
 * expression; another export has it over a call of the console only. A function that the program itself refers to is not
 * called.
 */
function entryOf(
  { defaultName, exportedNames }: Statements,
  statements: readonly AnyNode[],
  { analysis, lastExpression, rules }: Facts,
): { entry: EntryFunction | undefined; isCalled: boolean } {
  const marked = statements.find(({ isDefaultExport }) => isDefaultExport === true)
  if (!rules.callsDeclaredFunction && defaultName === undefined && statements.every(declaresFunction)) return none
  const entry = entryFunction(marked === undefined ? statements : [marked], defaultName)
  if (entry !== undefined) return { entry, isCalled: entry.isCallable && !isUsed(entry) }
  if (defaultName !== undefined || marked !== undefined || analysis.declaresResult) return none
  if (lastExpression !== undefined && !writesLog(lastExpression['expression'] as AnyNode)) return none
  const name = exportedNames.length === 1 ? exportedNames[0] : exportedNames.find((each) => each === 'main')
  const named = name === undefined ? undefined : entryFunction(statements, name)
  return named === undefined || isUsed(named) ? none : { entry: named, isCalled: named.isCallable }

  function isUsed({ name, start }: EntryFunction): boolean {
    return name !== undefined && isReferenced(name, start, statements)
  }
}

const none = { entry: undefined, isCalled: false } as const

function declaresFunction(statement: AnyNode): boolean {
  return declared(statement) !== undefined
}

function nameOf(declaration: AnyNode): string | undefined {
  return (declaration['id'] as { name?: string } | null | undefined)?.name
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
