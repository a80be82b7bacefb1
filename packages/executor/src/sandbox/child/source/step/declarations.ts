import type { StepName, VariableKind } from '../../../guest-boundary.ts'
import type { Mistake } from '../mistakes.ts'
import type { AnyNode } from '../patterns.ts'
import { type Edit, editOrder, insertion } from './edits.ts'
import { type HelperNames, isKeptGlobal } from './step-names.ts'
import { namesOf, type RootDeclaration } from './step-program.ts'

/** Declarations of a step as assignments to the variables of its session. */
interface DeclarationsOfStep {
  readonly names: readonly StepName[]
  readonly edits: readonly Edit[]
  /** Statements that come before the code. */
  readonly prologue: string
  /** Names that the declarations leave local to the step. */
  readonly locals: ReadonlySet<string>
  readonly mistakes: readonly Mistake[]
}

/**
 * Turns the declarations of a step into assignments to properties of the global object. Declarations of the sandbox's own
 * globals stay as they are, with a warning.
 */
export function assignDeclarations(
  code: string,
  declarations: readonly RootDeclaration[],
  helpers: HelperNames,
): DeclarationsOfStep {
  const kinds = new Map<string, VariableKind>()
  const edits: Edit[] = []
  const locals = new Set<string>()
  const functions = new Set<string>()
  const mistakes: Mistake[] = []
  let prologue = ''

  for (const declaration of declarations) {
    const { node } = declaration
    const names = namesOf(node)
    const kept = names.filter(isKeptGlobal)
    for (const name of kept) keepLocal(name, node.start)
    if (names.length > 0 && kept.length === names.length) continue
    for (const name of kept) prologue += `var ${name};`
    for (const name of names) {
      if (!kept.includes(name) && kinds.get(name) !== 'function') kinds.set(name, kindOf(node))
    }
    replace(declaration, code, edits)
  }
  for (const name of functions) {
    const text = JSON.stringify(name)
    prologue += `${helpers.functions}(${text},${helpers.prefix}${name});`
  }
  return { names: [...kinds].map(([name, kind]) => ({ name, kind })), edits, prologue, locals, mistakes }

  function keepLocal(name: string, offset: number): void {
    if (!locals.has(name)) {
      mistakes.push({
        offset,
        message: `${name} is a global of the sandbox, so this variable of the same name ends with the step. Give it another name to keep it.`,
      })
    }
    locals.add(name)
  }

  function replace({ node, place }: RootDeclaration, text: string, to: Edit[]): void {
    if (node.type === 'FunctionDeclaration') {
      const id = node['id'] as AnyNode
      functions.add(id['name'] as string)
      to.push(insertion(id.start, helpers.prefix, editOrder.name))
    } else if (node.type === 'ClassDeclaration') {
      const { start, end } = node['id'] as AnyNode
      to.push(
        insertion(node.start, `;(${text.slice(start, end)} = `, editOrder.outerStart),
        insertion(node.end, ');', editOrder.outerEnd),
      )
    } else if (place === 'forHead') replaceInHead(node, to)
    else replaceVariables({ node, place }, text, to)
  }
}

function kindOf(node: AnyNode): VariableKind {
  if (node.type === 'FunctionDeclaration') return 'function'
  return node.type === 'ClassDeclaration' ? 'class' : (node['kind'] as VariableKind)
}

/** Replaces `const a = 1, b` by `;( a = 1, b = void 0);`, and in the head of a loop by the same without parentheses. */
function replaceVariables({ node, place }: RootDeclaration, code: string, edits: Edit[]): void {
  const kind = node['kind'] as string
  const isHead = place === 'forInit'
  const open = isHead ? '' : place === 'list' ? ';(' : '('
  edits.push({ start: node.start, end: node.start + kind.length, text: open, order: editOrder.outerStart })
  for (const { id, init } of node['declarations'] as { readonly id: AnyNode; readonly init: AnyNode | null }[]) {
    if (init !== null) continue
    // `var x` keeps the value that x has.
    if (kind === 'var') edits.push({ start: id.start, end: id.end, text: '0', order: editOrder.name })
    else edits.push(insertion(id.end, ' = void 0', editOrder.innerEnd))
  }
  if (isHead) return
  const hasSemicolon = code[node.end - 1] === ';'
  edits.push(insertion(hasSemicolon ? node.end - 1 : node.end, hasSemicolon ? ')' : ');', editOrder.outerEnd))
}

/** Replaces `var` in the head of a loop over properties or items: `for (var x of y)` becomes `for ( x of y)`. */
function replaceInHead(node: AnyNode, edits: Edit[]): void {
  const [declarator] = node['declarations'] as { readonly id: AnyNode; readonly init: AnyNode | null }[]
  const { id, init } = declarator!
  // An initializer in the head of `for…in` is a relic, which keeps its meaning within the step.
  if (init !== null) return
  edits.push({ start: node.start, end: node.start + 'var'.length, text: '', order: editOrder.outerStart })
  // `for (async of` and `for (let of` mean something else.
  if (id.type === 'Identifier')
    edits.push(insertion(id.start, '(', editOrder.innerStart), insertion(id.end, ')', editOrder.innerEnd))
}
