/**
 * Acorn's parser with names in tables. Acorn searches lists for each name that a program declares, once for each scope
 * around it, which takes seconds for the largest programs. Errors, their places and their messages are the same as
 * acorn's, except that a call may be assigned to: for V8 that is an error when it runs.
 */
import { type Node, Parser } from 'acorn'

/** Flags of acorn's scopes. */
const scopeFlags = { top: 1, function: 2, staticBlock: 256, switch: 1024 }
/** Flags of the scopes that `var` declares in. */
const ofVariables = scopeFlags.top | scopeFlags.function | scopeFlags.staticBlock

/** Kinds of declarations, as acorn numbers them; any other kind is that of `var` and of parameters. */
const bindings = { lexical: 2, function: 3, simpleCatch: 4 }

/** Open scope. Its tables are made when its first name is declared. */
interface Scope {
  readonly depth: number
  /** Number of variables that were declared before the scope was opened. */
  readonly openedAt: number
  /** Innermost scope, this one included, that `var` declares in. */
  readonly ofVariables: Scope
  /** Whether function declarations are variables, as at the top of a function or of a script. */
  readonly hasFunctionVariables: boolean
  lexical?: Set<string>
  functions?: Set<string>
  /**
   * Number of the latest declaration of each name, in inner scopes as well. Only scopes that `var` declares in have it.
   */
  variables?: Map<string, number>
}

/** Methods of acorn's parser that are overridden or called here. */
interface Internals {
  currentScope(): { readonly flags: number }
  enterScope(flags: number): void
  exitScope(): void
  raiseRecoverable(position: number, message: string): void
  toAssignable(node: Node | null, isBinding: boolean, errors?: object): Node | null
  checkLValSimple(node: Node, binding?: number, clashes?: object | false): void
}

const AcornParser = Parser as unknown as Pick<typeof Parser, 'parse' | 'parseExpressionAt'> &
  (new (...args: never[]) => Internals)

/** Acorn's parser in time that is proportional to the length of the program. */
export class LinearParser extends AcornParser {
  // Acorn's constructor opens the first scope before field initializers would run, so the fields are only declared.
  declare private scopes: Scope[] | undefined
  /** Open scopes in which a `var` of a name would conflict with another declaration of it, the outermost first. */
  declare private conflictingScopes: Map<string, Scope[]>
  declare private variableCount: number

  override enterScope(flags: number): void {
    super.enterScope(flags)
    if (this.scopes === undefined) {
      this.scopes = []
      this.conflictingScopes = new Map()
      this.variableCount = 0
    }
    const scope = {
      depth: this.scopes.length,
      openedAt: this.variableCount,
      ofVariables: undefined as unknown as Scope,
      hasFunctionVariables: (flags & (scopeFlags.function | scopeFlags.top)) !== 0,
    }
    scope.ofVariables = (flags & ofVariables) === 0 ? this.scopes.at(-1)!.ofVariables : scope
    this.scopes.push(scope)
  }

  override exitScope(): void {
    super.exitScope()
    const scope = this.scopes!.pop()!
    for (const names of [scope.lexical, scope.functions]) {
      for (const name of names ?? [])
        if (this.conflictingScopes.get(name)?.at(-1) === scope) this.conflictingScopes.get(name)!.pop()
    }
  }

  /**
   * Whether `using` is allowed here: also at the top of a program, which becomes the body of a function. Read by acorn.
   */
  get allowUsing(): boolean {
    return (this.currentScope().flags & scopeFlags.switch) === 0
  }

  /** Turns an expression into the target of an assignment. Only that of a whole assignment has `errors`. */
  override toAssignable(node: Node | null, isBinding: boolean, errors?: object): Node | null {
    const isCall = node?.type === 'CallExpression' && !isBinding && errors !== undefined
    return isCall ? node : super.toAssignable(node, isBinding, errors)
  }

  /** Checks the target of an assignment or a declaration. Calls within patterns have been refused before. */
  override checkLValSimple(node: Node, binding = 0, clashes?: object | false): void {
    if (node.type !== 'CallExpression' || binding !== 0) super.checkLValSimple(node, binding, clashes)
  }

  /** Declares a name. Acorn calls it for each declaration. */
  declareName(name: string, binding: number, position: number): void {
    const scope = this.scopes!.at(-1)!
    if (this.isRedeclared(name, binding, scope)) {
      this.raiseRecoverable(position, `Identifier '${name}' has already been declared`)
    }
    switch (binding) {
      case bindings.simpleCatch:
        // Unlike all other lexical names, it may be declared again by `var`.
        ;(scope.lexical ??= new Set()).add(name)
        break
      case bindings.lexical:
        ;(scope.lexical ??= new Set()).add(name)
        this.addConflictingScope(name, scope)
        break
      case bindings.function:
        ;(scope.functions ??= new Set()).add(name)
        if (!scope.hasFunctionVariables) this.addConflictingScope(name, scope)
        break
      default:
        ;(scope.ofVariables.variables ??= new Map()).set(name, this.variableCount++)
    }
  }

  private isRedeclared(name: string, binding: number, scope: Scope): boolean {
    const isLexical = scope.lexical?.has(name) === true
    const isVariable = (scope.ofVariables.variables?.get(name) ?? -1) >= scope.openedAt
    switch (binding) {
      case bindings.simpleCatch:
        return false
      case bindings.lexical:
        return isLexical || isVariable || scope.functions?.has(name) === true
      case bindings.function:
        return isLexical || (isVariable && !scope.hasFunctionVariables)
      default:
        return (this.conflictingScopes.get(name)?.at(-1)?.depth ?? -1) >= scope.ofVariables.depth
    }
  }

  private addConflictingScope(name: string, scope: Scope): void {
    const scopes = this.conflictingScopes.get(name)
    if (scopes === undefined) this.conflictingScopes.set(name, [scope])
    else if (scopes.at(-1) !== scope) scopes.push(scope)
  }
}
