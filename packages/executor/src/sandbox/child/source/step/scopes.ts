import { addNames, type AnyNode, isNode } from '../patterns.ts'

/** Scope of a step's program with the names that it declares. */
export class ScopeOfNames {
  readonly #parent: ScopeOfNames | undefined
  readonly #isWith: boolean
  #names: Set<string> | undefined
  /** Innermost scope, this one included, in which `var` declares. */
  readonly ofFunction: ScopeOfNames

  private constructor(parent: ScopeOfNames | undefined, kind: 'block' | 'function' | 'with') {
    this.#parent = parent
    this.#isWith = kind === 'with'
    this.ofFunction = parent === undefined || kind === 'function' ? this : parent.ofFunction
  }

  /** Returns the scope of a step, whose names are those that stay local to the step. */
  static root(): ScopeOfNames {
    return new ScopeOfNames(undefined, 'function')
  }

  get names(): ReadonlySet<string> {
    return this.#names ?? new Set()
  }

  inner(kind: 'block' | 'function' | 'with'): ScopeOfNames {
    return new ScopeOfNames(this, kind)
  }

  /** Adds the names that a pattern binds. */
  declare(pattern: unknown): void {
    const names: string[] = []
    addNames(pattern, names)
    for (const name of names) (this.#names ??= new Set()).add(name)
  }

  /** Returns whether a name is, or may be, that of a variable of this scope or of one around it. */
  declares(name: string): boolean {
    if (this.#isWith || this.#names?.has(name) === true) return true
    return this.#parent?.declares(name) ?? false
  }
}

/** Assignment to a name. */
export interface Write {
  readonly name: string
  readonly start: number
  readonly end: number
  /** Whether the name is also the key, as in `({ name } = value)`. */
  readonly isShorthand: boolean
  readonly scope: ScopeOfNames
}

/** Adds the assignments of a target. */
export function writesIn(target: unknown, scope: ScopeOfNames, writes: Write[], isShorthand = false): void {
  if (!isNode(target)) return
  switch (target.type) {
    case 'Identifier': {
      const { start, end } = target
      writes.push({ name: target['name'] as string, start, end, isShorthand, scope })
      break
    }
    case 'ObjectPattern':
      for (const each of target['properties'] as AnyNode[])
        writesIn(each['value'] ?? each['argument'], scope, writes, each['shorthand'] === true)
      break
    case 'ArrayPattern':
      for (const each of target['elements'] as unknown[]) writesIn(each, scope, writes)
      break
    case 'AssignmentPattern':
      writesIn(target['left'], scope, writes, isShorthand)
      break
    case 'RestElement':
      writesIn(target['argument'], scope, writes)
      break
  }
}
