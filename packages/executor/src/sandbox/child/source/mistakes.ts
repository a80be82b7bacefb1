import { methodOf } from './calls.ts'
import { isConstant, isFunction, isPure, returnsValue, statementsOf } from './effects.ts'
import type { AnyNode } from './patterns.ts'

/** Probable mistake that does not make the code fail, and its offset in the code. */
export interface Mistake {
  readonly message: string
  readonly offset: number
}

/** Maximum number of mistakes of one program. */
const maxMistakes = 10

/** Methods whose callback must return something. */
const needReturn = new Set(
  'every filter find findIndex findLast findLastIndex reduce reduceRight some sort toSorted'.split(' '),
)

/** Methods whose callback may have effects only. */
const mayReturn = new Set('flatMap from fromAsync map then'.split(' '))

/**
 * Mistakes in forms of code that give a wrong value silently: objects that are blocks, callbacks that return nothing,
 * async callbacks that nothing awaits, conditions that assign, what follows a lone `return`, and tools that are awaited
 * without being called.
 */
export class Mistakes {
  readonly #code: string
  readonly #found: Mistake[] = []
  readonly #tools: Mistake[] = []
  #hasOwnTools = false
  #minuend: AnyNode | undefined

  constructor(code: string) {
    this.#code = code
  }

  /** Returns the mistakes in the order of the code. */
  get all(): readonly Mistake[] {
    const all = this.#hasOwnTools ? this.#found : [...this.#found, ...this.#tools]
    return all.toSorted((a, b) => a.offset - b.offset).slice(0, maxMistakes)
  }

  /** Looks at a node of the tree. */
  visits(node: AnyNode): void {
    switch (node.type) {
      case 'ArrowFunctionExpression':
        this.#visitsArrow(node)
        break
      case 'CallExpression':
        this.#visitsCall(node)
        break
      case 'BlockStatement':
      case 'Program':
        this.#visitsStatements(node['body'] as AnyNode[])
        break
      case 'BinaryExpression':
        // `await tools.user-list()` means a tool whose name has a dash.
        if (node['operator'] === '-') this.#minuend = node['left'] as AnyNode
        break
      case 'AwaitExpression':
        if (node !== this.#minuend) this.#visitsAwait(node['argument'] as AnyNode)
        break
      case 'IfStatement':
        this.#visitsTest(node['test'] as AnyNode)
        break
      case 'VariableDeclarator':
        this.#hasOwnTools ||= (node['id'] as { name?: string }).name === 'tools'
        break
    }
  }

  #visitsArrow(node: AnyNode): void {
    const statements = statementsOf(node)
    if (statements === undefined || !isObjectAsBlock(statements)) return
    this.#found.push({
      offset: (node['body'] as AnyNode).start,
      message:
        'The arrow function returns nothing: its braces are a block and not an object. ' +
        `Put the object into parentheses: => (${excerpt(this.#code, node['body'] as AnyNode)})`,
    })
  }

  #visitsCall(node: AnyNode): void {
    const [callback] = (node['arguments'] as AnyNode[]).filter(isFunction)
    const method = methodOf(node['callee'] as AnyNode)
    if (callback === undefined || method === undefined || callback['generator'] === true) return
    if (callback['async'] === true && this.#visitsAsync(callback, method)) return
    const statements = statementsOf(callback)
    const last = statements?.at(-1)
    if (last === undefined || isObjectAsBlock(statements!)) return
    const isMistake = needReturn.has(method)
      ? last.type !== 'ThrowStatement'
      : mayReturn.has(method) && last.type === 'ExpressionStatement' && isPure(last['expression'] as AnyNode)
    if (!isMistake || returnsValue(callback)) return
    const message = `The function that is passed to ${method} returns nothing. Write return before its value.`
    this.#found.push({ offset: last.start, message })
  }

  /** Looks at an async callback, whose promise most methods do not await; returns whether it is a mistake. */
  #visitsAsync(callback: AnyNode, method: string): boolean {
    let message: string | undefined
    if (method === 'reduce' || method === 'reduceRight') {
      const name = (callback['params'] as { readonly name?: string }[])[0]?.name
      const body = this.#code.slice((callback['body'] as AnyNode).start, callback.end)
      if (name === undefined || isAwaited(name, body)) return false
      message = `The function that is passed to ${method} is async, so ${name} is a promise. Use await ${name} in it.`
    } else if (needReturn.has(method)) {
      message =
        `The function that is passed to ${method} is async, and ${method} does not await its promise. ` +
        `Get the values first: await Promise.all(items.map(async (item) => …))`
    }
    if (message !== undefined) this.#found.push({ offset: callback.start, message })
    return message !== undefined
  }

  #visitsStatements(statements: readonly AnyNode[]): void {
    for (const [n, each] of statements.entries()) {
      const next = statements[n + 1]
      if (each.type !== 'ReturnStatement' || each['argument'] !== null || next === undefined) continue
      if (!/^(?:Expression|Block)Statement$/.test(next.type) || this.#code[each.end - 1] === ';') continue
      this.#found.push({
        offset: each.start,
        message:
          'This return ends at the end of its line, and what follows never runs. ' +
          'Begin the value on the line of return, or put it into parentheses that open there.',
      })
    }
  }

  #visitsTest(test: AnyNode): void {
    if (test.type !== 'AssignmentExpression' || test['operator'] !== '=' || !isConstant(test['right'] as AnyNode))
      return
    const message = `This condition assigns a value, so it is always the same. Compare with ===: ${excerpt(this.#code, test['left'] as AnyNode)} === …`
    this.#found.push({ offset: test.start, message })
  }

  #visitsAwait(awaited: AnyNode): void {
    const path = awaited.type === 'ChainExpression' ? (awaited['expression'] as AnyNode) : awaited
    if (path.type !== 'MemberExpression' || rootOf(path) !== 'tools') return
    const text = excerpt(this.#code, path)
    this.#tools.push({
      offset: path.start,
      message: `${text} is awaited and not called. Call it with its input: await ${text}({ … })`,
    })
  }
}

/** Returns whether statements are what `{ key: value }` and `{ key: { … } }` are to a parser. */
function isObjectAsBlock(statements: readonly AnyNode[]): boolean {
  const [first, second] = statements
  if (first?.type !== 'LabeledStatement' || second !== undefined) return false
  const body = first['body'] as AnyNode
  if (body.type === 'BlockStatement') return isObjectAsBlock(body['body'] as AnyNode[])
  return body.type === 'ExpressionStatement'
}

/** Returns whether the text of a function may await a parameter. */
function isAwaited(name: string, body: string): boolean {
  if (body.includes('Promise.') || body.includes(`${name}.then`)) return true
  for (const { index } of body.matchAll(/\bawait\b/g)) {
    if (
      body
        .slice(index + 'await'.length)
        .trimStart()
        .startsWith(name)
    )
      return true
  }
  return false
}

function rootOf(node: AnyNode): string | undefined {
  let each = node
  while (each.type === 'MemberExpression') each = each['object'] as AnyNode
  return each.type === 'Identifier' ? (each['name'] as string) : undefined
}

function excerpt(code: string, { start, end }: AnyNode): string {
  const text = code.slice(start, end).replaceAll(/\s+/g, ' ')
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
