import type { Node, Program } from 'acorn'

import { candidateNames } from './candidates.ts'
import { type Mistake, Mistakes } from './mistakes.ts'
import { NameUses } from './name-uses.ts'
import { type AnyNode, bindsResult, isNode } from './patterns.ts'

/** Facts about a program from which its value is determined. */
export interface Analysis {
  /** First `import`, or `export` that is not at the top level, in any form. */
  readonly moduleSyntax: Node | undefined
  /** Whether the program declares a variable `result` that is in scope at its end. */
  readonly declaresResult: boolean
  /** Whether `result` is given a value somewhere where no declaration of it is in scope. */
  readonly assignsUndeclaredResult: boolean
  /** Whether `globalThis.result` is given a value. */
  readonly assignsGlobalResult: boolean
  /** Whether a template is the tag of another one, as in a Markdown fence that is read as code. */
  readonly hasFence: boolean
  /**
   * Whether the body of a `for…of` over a variable uses that variable, which may be an iterator that the loop is reading.
   */
  readonly usesLoopedVariable: boolean
  readonly uses: NameUses
  readonly mistakes: readonly Mistake[]
}

interface Scope {
  readonly parent: Scope | undefined
  /**
   * Scope of the function around this one, in which `var` declares; undefined for the scope of a function or of the
   * program.
   */
  readonly ofFunction: Scope | undefined
  declaresResult: boolean
}

/** Analyses a program in one walk. It tracks scopes for the name `result` only. */
export function analyse(program: Program, code: string): Analysis {
  let moduleSyntax: Node | undefined
  let hasFence = false
  let usesLoopedVariable = false
  /** Offsets of the bodies of the loops around a node, by the variables that they iterate over. */
  const loops = new Map<unknown, number>()
  let declaresResult = false
  let assignsGlobalResult = false
  const uses = new NameUses(candidateNames(program.body as unknown as AnyNode[]))
  const mistakes = new Mistakes(code)
  const assigned: Scope[] = []
  const root = openScope(undefined, true)
  const exported = new Set<unknown>(program.body)
  mistakes.visits(program as unknown as AnyNode)
  visitChildren(program as unknown as AnyNode, root)
  const declared = new Set<Scope>()
  const assignsUndeclaredResult = assigned.some((scope) => !isDeclared(scope, declared))
  return {
    moduleSyntax,
    declaresResult,
    assignsUndeclaredResult,
    assignsGlobalResult,
    hasFence,
    usesLoopedVariable,
    uses,
    mistakes: mistakes.all,
  }

  function visit(node: AnyNode, scope: Scope): void {
    let inner = scope
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ImportExpression':
      case 'ExportAllDeclaration':
        moduleSyntax ??= node
        break
      case 'ExportDefaultDeclaration':
      case 'ExportNamedDeclaration':
        if (node['source'] != null || !exported.has(node)) moduleSyntax ??= node
        break
      case 'MetaProperty':
        if ((node['meta'] as AnyNode)['name'] === 'import') moduleSyntax ??= node
        break
      case 'TaggedTemplateExpression':
        hasFence ||= isFence(code, (node['quasi'] as AnyNode).start)
        break
      case 'FunctionDeclaration':
        uses.binds(node['id'], true)
        declare(scope, node['id'])
        // In sloppy code a function in a block is a variable of the function around the block as well.
        declare(scope.ofFunction ?? scope, node['id'])
        inner = openFunction(node, scope)
        break
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        inner = openFunction(node, scope)
        uses.binds(node['id'])
        declare(inner, node['id'])
        break
      case 'ClassDeclaration':
        declare(scope, node['id'])
        break
      case 'ClassExpression':
        inner = openScope(scope)
        declare(inner, node['id'])
        break
      case 'StaticBlock':
        inner = openScope(scope, true)
        break
      case 'CatchClause':
        inner = openScope(scope)
        uses.binds(node['param'])
        declare(inner, node['param'])
        break
      case 'ForInStatement':
      case 'ForOfStatement':
        inner = openScope(scope)
        assign(inner, node['left'])
        break
      case 'BlockStatement':
      case 'ForStatement':
      case 'SwitchStatement':
        inner = openScope(scope)
        break
      case 'VariableDeclaration':
        declareVariables(node, scope)
        break
      case 'AssignmentExpression':
        assign(scope, node['left'], node['operator'] as string)
        assignsGlobalResult ||= isGlobalResult(node['left'] as AnyNode)
        break
      case 'UpdateExpression':
        uses.binds(node['argument'], true)
        break
    }
    uses.visits(node)
    mistakes.visits(node)
    if (node.type === 'Identifier') usesLoopedVariable ||= node.start >= (loops.get(node['name']) ?? Infinity)
    if (node.type === 'ForOfStatement') visitLoop(node, inner)
    else visitChildren(node, inner)
  }

  function visitLoop(node: AnyNode, scope: Scope): void {
    const { type, ...iterated } = node['right'] as AnyNode
    const name = type === 'Identifier' ? iterated['name'] : undefined
    const isOutermost = name !== undefined && !loops.has(name)
    if (isOutermost) loops.set(name, (node['body'] as AnyNode).start)
    visitChildren(node, scope)
    if (isOutermost) loops.delete(name)
  }

  function visitChildren(node: AnyNode, scope: Scope): void {
    for (const child of Object.values(node)) {
      if (Array.isArray(child)) child.forEach((each) => isNode(each) && visit(each, scope))
      else if (isNode(child)) visit(child, scope)
    }
  }

  function declareVariables(node: AnyNode, scope: Scope): void {
    const target = node['kind'] === 'var' ? (scope.ofFunction ?? scope) : scope
    for (const { id } of node['declarations'] as { id: Node }[]) {
      uses.binds(id, true)
      if (declare(target, id) && target === root) declaresResult = true
    }
  }

  /** Notes an assignment. One that reads `result` first does not make it a variable: it fails unless there is one. */
  function assign(scope: Scope, target: unknown, operator = '='): void {
    uses.binds(target, true)
    if (['=', '??=', '||='].includes(operator) && bindsResult(target)) assigned.push(scope)
  }

  function openFunction(node: AnyNode, parent: Scope): Scope {
    const scope = openScope(parent, true)
    for (const parameter of node['params'] as Node[]) {
      uses.binds(parameter)
      declare(scope, parameter)
    }
    return scope
  }
}

function declare(scope: Scope, pattern: unknown): boolean {
  if (!bindsResult(pattern)) return false
  scope.declaresResult = true
  return true
}

function openScope(parent: Scope | undefined, isFunction = false): Scope {
  return { parent, ofFunction: isFunction ? undefined : (parent?.ofFunction ?? parent), declaresResult: false }
}

/** Returns whether a scope, or one around it, declares `result`. `known` has scopes for which that was found before. */
function isDeclared(scope: Scope, known: Set<Scope>): boolean {
  const passed: Scope[] = []
  for (let each: Scope | undefined = scope; each; each = each.parent) {
    if (each.declaresResult || known.has(each)) {
      for (const inner of passed) known.add(inner)
      return true
    }
    passed.push(each)
  }
  return false
}

function isGlobalResult({ type, ...node }: AnyNode): boolean {
  if (type !== 'MemberExpression') return false
  const { name, value } = node['property'] as { name?: string; value?: unknown }
  const property = node['computed'] === true ? value : name
  return property === 'result' && (node['object'] as { name?: string }).name === 'globalThis'
}

/** Returns whether three backticks, of which the last one is at `start`, begin a line of the code. */
function isFence(code: string, start: number): boolean {
  if (code.slice(start - 2, start) !== '``') return false
  let before = start - 2
  while (code[before - 1] === ' ' || code[before - 1] === '\t') before--
  return before === 0 || /[\n\r\u2028\u2029]/.test(code[before - 1]!)
}
