import type { Program } from 'acorn'

import { addNames, type AnyNode } from './patterns.ts'

/** Statements of a program whose exports are declarations and expressions of its own. */
export interface Statements {
  /** Code with `export` and `export default` replaced by blanks. */
  readonly code: string
  readonly statements: readonly AnyNode[]
  /** Name that is exported as the default. */
  readonly defaultName: string | undefined
  /** Names of the other exports. */
  readonly exportedNames: readonly string[]
}

/** Replaces the exports of a program, which are all at its top level, by what they export. */
export function withoutExports(code: string, program: Program): Statements {
  const statements: AnyNode[] = []
  let defaultName: string | undefined
  const exportedNames: string[] = []
  let text = ''
  let copied = 0

  /** The semicolon keeps what follows from continuing the statement before. */
  function blank(start: number, end: number): void {
    text += `${code.slice(copied, start)};${code.slice(start + 1, end).replaceAll(/[^\n\r\u2028\u2029]/g, ' ')}`
    copied = end
  }

  for (const node of program.body as unknown as AnyNode[]) {
    const declaration = node['declaration'] as AnyNode | null | undefined
    if (node.type === 'ExportNamedDeclaration') {
      blank(node.start, declaration?.start ?? node.end)
      if (declaration) {
        statements.push(declaration)
        exportedNames.push(...declaredNames(declaration))
      } else {
        const specifiers = node['specifiers'] as AnyNode[]
        defaultName ??= defaultOf(specifiers)
        exportedNames.push(...specifiers.map(({ local }) => (local as { name?: string }).name ?? ''))
      }
    } else if (node.type === 'ExportDefaultDeclaration') {
      const name = nameOf(declaration!)
      blank(node.start, name !== undefined && declaration!.type === 'Identifier' ? node.end : startOf(node, code))
      defaultName ??= name
      if (declaration!.type !== 'Identifier') statements.push(asStatement(node, declaration!, text.length))
    } else statements.push(node)
  }
  return { code: text + code.slice(copied), statements, defaultName, exportedNames }
}

/** Returns the offset at which what a default export exports begins, with its parentheses. */
function startOf({ start }: AnyNode, code: string): number {
  return code.indexOf('default', start) + 'default'.length
}

function asStatement(node: AnyNode, declaration: AnyNode, start: number): AnyNode {
  if (nameOf(declaration) !== undefined) return declaration
  const type = { FunctionDeclaration: 'FunctionExpression', ClassDeclaration: 'ClassExpression' }[declaration.type]
  const expression = { ...declaration, type: type ?? declaration.type }
  return { type: 'ExpressionStatement', start, end: node.end, expression, isDefaultExport: true }
}

function nameOf(declaration: AnyNode): string | undefined {
  if (declaration.type === 'Identifier') return declaration['name'] as string
  if (!declaration.type.endsWith('Declaration')) return undefined
  return (declaration['id'] as { name: string } | null)?.name
}

function defaultOf(specifiers: readonly AnyNode[]): string | undefined {
  const found = specifiers.find(({ exported }) => (exported as { name?: string }).name === 'default')
  return (found?.['local'] as { name?: string } | undefined)?.name
}

function declaredNames(declaration: AnyNode): string[] {
  const names: string[] = []
  for (const { id } of (declaration['declarations'] ?? [declaration]) as { readonly id: unknown }[]) addNames(id, names)
  return names
}
