import type { Node, Program } from 'acorn'

/** Facts about a program from which its value is determined. */
export interface Analysis {
  /** First `import` or `export` in any form. */
  readonly moduleSyntax: Node | undefined
  /** Whether there is a `return` that belongs to the program itself. */
  readonly returns: boolean
  /** Whether `result` is assigned somewhere where no declaration of it is in scope. */
  readonly assignsUndeclaredResult: boolean
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

type AnyNode = Node & { readonly [property: string]: unknown }

/** Analyses a program in one walk. It tracks scopes for the name `result` only. */
export function analyse(program: Program): Analysis {
  let moduleSyntax: Node | undefined
  let returns = false
  const assigned: Scope[] = []
  const root = openScope(undefined, true)
  visitChildren(program as unknown as AnyNode, root)
  const declared = new Set<Scope>()
  return { moduleSyntax, returns, assignsUndeclaredResult: assigned.some((scope) => !isDeclared(scope, declared)) }

  function visit(node: AnyNode, scope: Scope): void {
    let inner = scope
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ImportExpression':
      case 'ExportAllDeclaration':
      case 'ExportDefaultDeclaration':
      case 'ExportNamedDeclaration':
        moduleSyntax ??= node
        break
      case 'MetaProperty':
        if ((node['meta'] as AnyNode)['name'] === 'import') moduleSyntax ??= node
        break
      case 'ReturnStatement':
        returns ||= (scope.ofFunction ?? scope) === root
        break
      case 'FunctionDeclaration':
        declare(scope, node['id'])
        // In sloppy code a function in a block is a variable of the function around the block as well.
        declare(scope.ofFunction ?? scope, node['id'])
        inner = openFunction(node, scope)
        break
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        inner = openFunction(node, scope)
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
        for (const { id } of node['declarations'] as { id: Node }[]) {
          declare(node['kind'] === 'var' ? (scope.ofFunction ?? scope) : scope, id)
        }
        break
      case 'AssignmentExpression':
        assign(scope, node['left'])
        break
      case 'UpdateExpression':
        assign(scope, node['argument'])
        break
    }
    visitChildren(node, inner)
  }

  function visitChildren(node: AnyNode, scope: Scope): void {
    for (const child of Object.values(node)) {
      if (Array.isArray(child)) child.forEach((each) => isNode(each) && visit(each, scope))
      else if (isNode(child)) visit(child, scope)
    }
  }

  function assign(scope: Scope, target: unknown): void {
    if (bindsResult(target)) assigned.push(scope)
  }
}

function openFunction(node: AnyNode, parent: Scope): Scope {
  const scope = openScope(parent, true)
  for (const parameter of node['params'] as Node[]) declare(scope, parameter)
  return scope
}

function openScope(parent: Scope | undefined, isFunction = false): Scope {
  return { parent, ofFunction: isFunction ? undefined : (parent?.ofFunction ?? parent), declaresResult: false }
}

function declare(scope: Scope, pattern: unknown): void {
  if (bindsResult(pattern)) scope.declaresResult = true
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

/** Returns whether a pattern, or the target of an assignment, names `result`. */
export function bindsResult(pattern: unknown): boolean {
  if (!isNode(pattern)) return false
  switch (pattern.type) {
    case 'Identifier':
      return pattern['name'] === 'result'
    case 'ObjectPattern':
      return (pattern['properties'] as AnyNode[]).some((each) => bindsResult(each['value'] ?? each['argument']))
    case 'ArrayPattern':
      return (pattern['elements'] as unknown[]).some(bindsResult)
    case 'AssignmentPattern':
      return bindsResult(pattern['left'])
    case 'RestElement':
      return bindsResult(pattern['argument'])
    default:
      return false
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
