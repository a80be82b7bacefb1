import type { Program } from 'acorn'

import { addNames, type AnyNode, isNode } from '../patterns.ts'
import { ScopeOfNames, type Write, writesIn } from './scopes.ts'

/** Place of a declaration, on which its replacement depends. */
export type DeclarationPlace = 'list' | 'single' | 'forInit' | 'forHead'

/** Declaration whose names are variables of the session. */
export interface RootDeclaration {
  readonly node: AnyNode
  readonly place: DeclarationPlace
}

/** Function declared in a block, which sloppy code also makes a variable of the function around the block. */
export interface BlockFunction {
  readonly name: string
  /** Block or `switch` that has the function, or the function itself if it is the branch of an `if`. */
  readonly container: AnyNode
}

/** Facts about a step's program that its transformation needs. */
export interface StepProgram {
  readonly declarations: readonly RootDeclaration[]
  /** Names that are local to the step by their declarations. */
  readonly locals: ReadonlySet<string>
  readonly blockFunctions: readonly BlockFunction[]
  /** Assignments to names that no scope in the step declares. */
  readonly writes: readonly Write[]
  /** Identifiers that begin with a dollar sign. */
  readonly dollarNames: ReadonlySet<string>
}

/** Position of a node: the scope, the block around it, and how it is placed in its parent. */
interface Around {
  readonly scope: ScopeOfNames
  readonly container: AnyNode
  readonly place: DeclarationPlace
}

/** Reads a step's program in one walk. */
export function readStepProgram(program: Program): StepProgram {
  const declarations: RootDeclaration[] = []
  const blockFunctions: BlockFunction[] = []
  const writes: Write[] = []
  const dollarNames = new Set<string>()
  const root = ScopeOfNames.root()
  const top = program as unknown as AnyNode
  for (const statement of top['body'] as AnyNode[]) visit(statement, { scope: root, container: top, place: 'list' })
  return {
    declarations,
    locals: root.names,
    blockFunctions,
    writes: writes.filter(({ name, scope }) => !scope.declares(name)),
    dollarNames,
  }

  function visit(node: AnyNode, around: Around): void {
    const { scope, container } = around
    switch (node.type) {
      case 'Identifier':
        if ((node['name'] as string).startsWith('$')) dollarNames.add(node['name'] as string)
        return
      case 'Literal':
        return
      case 'VariableDeclaration':
        declareVariables(node, around)
        break
      case 'FunctionDeclaration':
        declareFunction(node, around)
        visitFunction(node, scope.inner('function'))
        return
      case 'FunctionExpression':
      case 'ArrowFunctionExpression': {
        const named = node['id'] ? scope.inner('block') : scope
        if (node['id']) named.declare(node['id'])
        visitFunction(node, named.inner('function'))
        return
      }
      case 'ClassDeclaration':
        if (scope === root && container === top && node['id']) declarations.push({ node, place: 'list' })
        else scope.declare(node['id'])
        visitClass(node, scope)
        return
      case 'ClassExpression':
        visitClass(node, scope)
        return
      case 'StaticBlock':
        visitChildren(node, { scope: scope.inner('function'), container: node, place: 'list' })
        return
      case 'BlockStatement':
      case 'SwitchStatement':
        visitChildren(node, { scope: scope.inner('block'), container: node, place: 'list' })
        return
      case 'SwitchCase':
        visitChildren(node, { ...around, place: 'list' })
        return
      case 'CatchClause': {
        const caught = scope.inner('block')
        caught.declare(node['param'])
        visitChildren(node, { scope: caught, container: node, place: 'single' })
        return
      }
      case 'WithStatement':
        visit(node['object'] as AnyNode, around)
        visit(node['body'] as AnyNode, { scope: scope.inner('with'), container: node, place: 'single' })
        return
      case 'ForStatement':
        visitLoop(node, scope, 'forInit')
        return
      case 'ForInStatement':
      case 'ForOfStatement':
        if ((node['left'] as AnyNode).type !== 'VariableDeclaration') writesIn(node['left'], scope, writes)
        visitLoop(node, scope, 'forHead')
        return
      case 'AssignmentExpression':
        writesIn(node['left'], scope, writes)
        break
      case 'UpdateExpression':
        writesIn(node['argument'], scope, writes)
        break
      case 'ExportNamedDeclaration':
      case 'ExportDefaultDeclaration':
        visitChildren(node, around)
        return
    }
    visitChildren(node, { scope, container: node, place: 'single' })
  }

  function visitChildren(node: AnyNode, around: Around): void {
    for (const key in node) {
      const child = node[key]
      if (typeof child !== 'object' || child === null) continue
      if (Array.isArray(child)) child.forEach((each) => isNode(each) && visit(each, around))
      else if (isNode(child)) visit(child, around)
    }
  }

  function visitLoop(node: AnyNode, outer: ScopeOfNames, place: DeclarationPlace): void {
    const scope = outer.inner('block')
    for (const [key, child] of Object.entries(node)) {
      if (isNode(child))
        visit(child, { scope, container: node, place: key === 'init' || key === 'left' ? place : 'single' })
    }
  }

  function visitFunction(node: AnyNode, scope: ScopeOfNames): void {
    for (const parameter of node['params'] as AnyNode[]) scope.declare(parameter)
    visitChildren(node, { scope, container: node, place: 'single' })
  }

  function visitClass(node: AnyNode, outer: ScopeOfNames): void {
    const scope = outer.inner('block')
    scope.declare(node['id'])
    visitChildren(node, { scope, container: node, place: 'single' })
  }

  function declareVariables(node: AnyNode, { scope, place, container }: Around): void {
    const kind = node['kind'] as string
    const isRoot = kind === 'var' ? scope.ofFunction === root : scope === root && container === top
    if (isRoot && !kind.includes('using')) declarations.push({ node, place })
    else for (const { id } of node['declarations'] as AnyNode[]) (kind === 'var' ? scope.ofFunction : scope).declare(id)
  }

  function declareFunction(node: AnyNode, { scope, container }: Around): void {
    if (scope === root && container === top) {
      if (node['id']) declarations.push({ node, place: 'list' })
      return
    }
    scope.declare(node['id'])
    if (node['async'] === true || node['generator'] === true) return
    if (scope.ofFunction !== root) scope.ofFunction.declare(node['id'])
    else if (container.type !== 'LabeledStatement')
      blockFunctions.push({
        name: (node['id'] as { readonly name: string }).name,
        container: container.type === 'IfStatement' ? node : container,
      })
  }
}

/** Returns the names that a declaration declares. */
export function namesOf(node: AnyNode): string[] {
  const names: string[] = []
  if (node.type === 'VariableDeclaration') for (const { id } of node['declarations'] as AnyNode[]) addNames(id, names)
  else addNames(node['id'], names)
  return names
}
