import { type Program, tokenizer, tokTypes } from 'acorn'

import { analyse, type Analysis, bindsResult } from './analysis.ts'
import { LinearParser } from './linear-parser.ts'
import { parse } from './parse.ts'

/** Source of a program's value: an expression in it, which gets a `return`; the variable `result`; or nothing. */
export type Value =
  | { readonly kind: 'expression'; readonly start: number; readonly end: number; readonly isCalled: boolean }
  | { readonly kind: 'result'; readonly isDeclared: boolean }
  | { readonly kind: 'none' }

/**
 * Returns the source of a program's value, by the rules in their documented order: `result = …`, the last expression, a
 * declared `result`.
 */
export function valueOf(code: string, { body }: Program, analysis: Analysis): Value {
  if (analysis.assignsUndeclaredResult) return { kind: 'result', isDeclared: false }
  if (analysis.returns) return { kind: 'none' }

  const statements = body.filter(({ type }) => type !== 'EmptyStatement')
  const only = statements.length === 1 ? statements[0] : undefined
  if (only?.type === 'FunctionDeclaration' && !only.generator) return expression(only.start, only.end, true)

  // Function declarations take effect before everything else, so an expression in front of them still comes last.
  const last = statements.findLast(({ type }) => type !== 'FunctionDeclaration')
  if (last?.type === 'ExpressionStatement') {
    const { type } = last.expression
    const isFunction =
      type === 'ArrowFunctionExpression' || (type === 'FunctionExpression' && !last.expression.generator)
    // The statement ends at its last token, before any comment. Parentheses belong to the statement and not to the
    // expression.
    const end = code[last.end - 1] === ';' ? last.end - 1 : last.end
    return expression(last.start, end, isFunction && last === only)
  }
  const declaresResult = body.some(
    (statement) => statement.type === 'VariableDeclaration' && statement.declarations.some(({ id }) => bindsResult(id)),
  )
  return declaresResult ? { kind: 'result', isDeclared: true } : { kind: 'none' }
}

/**
 * Returns the value of code that is an object literal and nothing else, or undefined. As a program, `{ a: 1 }` is a
 * block and `{ a: 1, b: 2 }` is an error. A literal with syntax that `parse` refuses gives undefined, so that `parse`
 * reports its error.
 */
export function objectLiteral(code: string): Value | undefined {
  const start = code.search(/\S/)
  if (code[start] !== '{') return undefined
  const options = { ecmaVersion: 'latest', sourceType: 'script', allowAwaitOutsideFunction: true } as const
  try {
    const { type, end } = LinearParser.parseExpressionAt(code, start, options)
    if (type !== 'ObjectExpression') return undefined
    for (const token of tokenizer(code.slice(end), options)) if (token.type !== tokTypes.semi) return undefined
    const inParentheses = parse(`${code.slice(0, start)}(${code.slice(start, end)})${code.slice(end)}`)
    return analyse(inParentheses.program).moduleSyntax ? undefined : expression(start, end, false)
  } catch {
    return undefined
  }
}

function expression(start: number, end: number, isCalled: boolean): Value {
  return { kind: 'expression', start, end, isCalled }
}
