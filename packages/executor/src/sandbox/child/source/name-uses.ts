import { addNames, type AnyNode, isNode } from './patterns.ts'

/** Names by which authors mean the value of their code. */
const valueNames = ['result', 'output', 'main']

interface Use {
  /** Offset of the first declaration or assignment. */
  firstAt: number | undefined
  /** Whether a function has a parameter of that name, so that occurrences may mean that one. */
  isParameter: boolean
  occurrences: number
  bindings: number
}

/**
 * Uses of the names that usually hold the value of a program, and of further names of the program. A name that is only
 * bound and filled is unused.
 */
export class NameUses {
  readonly #uses: ReadonlyMap<string, Use>

  constructor(others: readonly string[]) {
    this.#uses = new Map(
      [...valueNames, ...others].map((name) => [
        name,
        { firstAt: undefined, isParameter: false, occurrences: 0, bindings: 0 },
      ]),
    )
  }

  /** Returns the offset at which a name is declared or assigned, if it is and nothing reads it. */
  unusedAt(name: string): number | undefined {
    const use = this.#uses.get(name)
    return use !== undefined && use.occurrences <= use.bindings && !use.isParameter ? use.firstAt : undefined
  }

  /**
   * Notes a pattern that binds names. Those of a declaration or an assignment, unlike parameters, are meant to be read.
   */
  binds(pattern: unknown, isMeantToBeRead = false): void {
    const names: string[] = []
    addNames(pattern, names)
    for (const name of names) {
      const use = this.#uses.get(name)
      if (use === undefined) continue
      use.bindings += 1
      if (isMeantToBeRead) use.firstAt ??= (pattern as AnyNode).start
      else use.isParameter = true
    }
  }

  /** Notes a node of the tree. */
  visits(node: AnyNode): void {
    switch (node.type) {
      case 'Identifier': {
        const use = this.#uses.get(node['name'] as string)
        if (use !== undefined) use.occurrences += 1
        break
      }
      case 'MemberExpression':
        if (node['computed'] === false) this.#isNoUse(node['property'])
        break
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
        // Key and value of a shorthand are one node, which is visited twice.
        if (node['computed'] === false) this.#isNoUse(node['key'])
        break
      case 'LabeledStatement':
      case 'BreakStatement':
      case 'ContinueStatement':
        this.#isNoUse(node['label'])
        break
      case 'ExportSpecifier':
        // A name that is exported as itself is one node, which is visited twice.
        this.#isNoUse(node['local'])
        this.#isNoUse(node['exported'])
        break
      case 'ExpressionStatement':
        this.#isNoUse(filledObject(node['expression'] as AnyNode))
        break
    }
  }

  #isNoUse(node: unknown): void {
    if (!isNode(node) || node.type !== 'Identifier') return
    const use = this.#uses.get(node['name'] as string)
    if (use !== undefined) use.bindings += 1
  }
}

/** Returns the variable that a statement only fills, such as `output` in `output.push(1)` and `output.a = 1`. */
function filledObject(expression: AnyNode): unknown {
  let node: unknown
  if (expression.type === 'AssignmentExpression') node = expression['left']
  else if (expression.type === 'CallExpression') node = expression['callee']
  if (!isNode(node) || node.type !== 'MemberExpression') return undefined
  while (isNode(node) && node.type === 'MemberExpression') node = node['object']
  return node
}
