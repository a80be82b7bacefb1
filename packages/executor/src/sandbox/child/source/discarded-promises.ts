import type { Program } from 'acorn'

import { methodOf, writesLog } from './calls.ts'
import type { Insertion } from './insertions.ts'
import { type AnyNode, isNode } from './patterns.ts'
import { unusedName } from './unused-name.ts'

/** Maximum number of places in one code. */
const maxPlaces = 500

/** Maximum length of the name of the function; the hints of the guest know it. */
const maxNameLength = 36

/** Code without any of these words makes no promises but those of tools, which the runtime knows. */
const mayMakePromises = /\basync\b|\bPromise\b|\.(?:then|catch|finally)\b/

/** Code that may give the name `Promise` to something else, which could compare the executor that it gets. */
const mayBindPromise = /\b(?:function|class)\s+Promise\b|\bPromise\b\s*(?![\s.(])/

/** Functions and methods of builtins that return no promise. Many of them are called in long loops. */
const knownFunctions = new Set(
  (
    'String Number Boolean BigInt Symbol parseInt parseFloat isNaN ' +
    'push unshift pop shift splice sort reverse fill set add delete clear append stringify join toFixed toString'
  ).split(' '),
)

const adders = new Set(['push', 'unshift', 'set', 'add'])

/** Insertions that pass values to a function of the runtime, and the name of that function in the code. */
export interface WatchedCode {
  readonly name: string | undefined
  /** Whether `forEach` is called with a callback that may be an async function. */
  readonly watchesForEach: boolean
  readonly insertions: readonly Insertion[]
}

const nothingWatched: WatchedCode = { name: undefined, watchesForEach: false, insertions: [] }

/**
 * Returns the insertions by which statements that may discard a promise pass it to a function of the runtime, which
 * warns if nothing handles its rejection: calls whose value is discarded, logged or kept in a variable, and executors of
 * `new Promise`. `except` is the offset of the statement whose value is the program's. There are none if the code could see
 * the name of that function: by `eval` or `with`.
 */
export function watchDiscarded(
  code: string,
  program: Program,
  except: number | undefined,
  nameOf: (code: string) => string | undefined = nameFor,
): WatchedCode {
  const name = mayMakePromises.test(code) ? nameOf(code) : undefined
  if (name === undefined) return nothingWatched
  const bindsPromise = mayBindPromise.test(code)
  const insertions: Insertion[] = []
  let watchesForEach = false
  let seesNames = false
  try {
    visit(program as unknown as AnyNode)
  } catch (error) {
    // The nesting is too deep for this walk. The code runs without warnings of this kind.
    if (error instanceof RangeError) return nothingWatched
    throw error
  }
  if (seesNames || (insertions.length === 0 && !watchesForEach)) return nothingWatched
  return { name, watchesForEach, insertions }

  function visit(node: AnyNode): void {
    seesNames ||= isNamed(node, 'eval') || node.type === 'WithStatement'
    if (seesNames || insertions.length >= 2 * maxPlaces) return
    const isValue = node.type === 'ExpressionStatement' && node.start === except
    const values = isValue ? callsInArguments(node['expression'] as AnyNode) : discardedValues(node)
    for (const value of values ?? []) add(value, '')
    if (mayBeAsync(callbackOf(node, 'forEach'))) watchesForEach = true
    const executor = bindsPromise ? undefined : callbackOf(node, 'Promise')
    if (mayBeAsync(executor)) add(executor, ',1')
    for (const child of Object.values(node)) {
      if (Array.isArray(child)) child.forEach((each) => isNode(each) && visit(each))
      else if (isNode(child)) visit(child)
    }
  }

  // The runtime removes exactly these texts from what code sees of its functions.
  function add({ start, end }: AnyNode, rest: string): void {
    insertions.push({ offset: start, text: `${name}(` }, { offset: end, text: `,${name}${rest})` })
  }
}

/** Returns the name of the function; undefined if it would be long, or if escapes may hide a name in the code. */
function nameFor(code: string): string | undefined {
  if (code.includes('\\u')) return undefined
  const name = unusedName(code, 'watch')
  return name.length > maxNameLength ? undefined : name
}

/** Returns the calls in a statement or a field whose values it discards, or keeps in a variable or a property. */
function discardedValues(node: AnyNode): AnyNode[] {
  switch (node.type) {
    case 'ExpressionStatement':
      return callsIn(node['expression'] as AnyNode)
    case 'ForStatement':
      return ['init', 'update'].flatMap((part) => (isNode(node[part]) ? callsIn(node[part]) : []))
    case 'PropertyDefinition':
      return keptCalls(node['value'])
    case 'VariableDeclaration':
      if (String(node['kind']).includes('using')) return []
      return (node['declarations'] as AnyNode[]).flatMap(({ init }) => keptCalls(init))
    default:
      return []
  }
}

/** Returns the calls whose values are kept: an expression, or the elements and properties of a literal. */
function keptCalls(expression: unknown): AnyNode[] {
  if (!isNode(expression)) return []
  switch (expression.type) {
    case 'ArrayExpression':
      return (expression['elements'] as unknown[]).flatMap(keptCalls)
    case 'ObjectExpression':
      return (expression['properties'] as AnyNode[]).flatMap(({ value }) => keptCalls(value))
    case 'ConditionalExpression':
    case 'LogicalExpression':
      return callsIn(expression)
    default:
      return isCall(expression) ? [expression] : []
  }
}

function callsIn(expression: AnyNode): AnyNode[] {
  switch (expression.type) {
    case 'UnaryExpression':
      return ['void', '!'].includes(expression['operator'] as string) ? callsIn(expression['argument'] as AnyNode) : []
    case 'SequenceExpression':
      return (expression['expressions'] as AnyNode[]).flatMap(callsIn)
    case 'AssignmentExpression':
      return ['=', '??=', '||=', '&&='].includes(expression['operator'] as string) ? keptCalls(expression['right']) : []
    case 'LogicalExpression':
      return callsIn(expression['right'] as AnyNode)
    case 'ConditionalExpression':
      return ['consequent', 'alternate'].flatMap((branch) => callsIn(expression[branch] as AnyNode))
    default:
      return callsInArguments(expression) ?? (isCall(expression) ? [expression] : [])
  }
}

/**
 * Returns the calls in the arguments of a call that writes them to the log or adds them to a collection; undefined for
 * another expression.
 */
function callsInArguments(expression: AnyNode): AnyNode[] | undefined {
  const adds = expression.type === 'CallExpression' && adders.has(methodOf(expression['callee'] as AnyNode) ?? '')
  return adds || writesLog(expression) ? (expression['arguments'] as AnyNode[]).flatMap(keptCalls) : undefined
}

function isCall({ type, ...node }: AnyNode): boolean {
  if (type === 'ChainExpression') return isCall(node['expression'] as AnyNode)
  const callee = node['callee'] as AnyNode
  if (type === 'NewExpression') return isNamed(callee, 'Promise')
  if (type !== 'CallExpression') return false
  return !knownFunctions.has((callee.type === 'Identifier' ? nameOf(callee) : methodOf(callee)) ?? '')
}

/** Returns the callback of a call of a method `forEach`, or the executor of `new Promise`. */
function callbackOf(node: AnyNode, of: 'forEach' | 'Promise'): AnyNode | undefined {
  if (node.type !== (of === 'forEach' ? 'CallExpression' : 'NewExpression')) return undefined
  const callee = node['callee'] as AnyNode
  if (of === 'forEach' ? methodOf(callee) !== of : !isNamed(callee, of)) return undefined
  return (node['arguments'] as readonly AnyNode[])[0]
}

/**
 * Returns whether a node is a name, a property or an async function. Other expressions are left out: parentheses do not
 * belong to a node, so text around one could get between them.
 */
function mayBeAsync(node: AnyNode | undefined): node is AnyNode {
  switch (node?.type) {
    case 'Identifier':
    case 'MemberExpression':
      return true
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      return node['async'] === true
    default:
      return false
  }
}

function isNamed(node: AnyNode, name: string): boolean {
  return node.type === 'Identifier' && nameOf(node) === name
}

function nameOf(node: AnyNode): string | undefined {
  return node['name'] as string | undefined
}
