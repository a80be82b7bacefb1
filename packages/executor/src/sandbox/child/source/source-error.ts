import { moduleHint } from './module-hints.ts'
import type { Position } from './position.ts'

/** Facts about an error of code beside its message and position. */
interface Details {
  /** One sentence about the likely cause, or what to write instead. */
  readonly hint?: string | undefined
  /** Whether this is the cause even if another parser understood more of the code. */
  readonly isConclusive?: boolean
}

/** Error of code that can't be run, with its position. */
export class SourceError extends Error {
  readonly position: Position
  readonly hint: string | undefined
  readonly isConclusive: boolean

  constructor(message: string, position: Position, { hint, isConclusive = false }: Details = {}) {
    super(message)
    this.position = position
    this.hint = hint
    this.isConclusive = isConclusive
  }

  /** Returns the same error at another position. */
  at(position: Position): SourceError {
    return new SourceError(this.message, position, this)
  }

  /** Returns whether to report this error rather than that of an earlier attempt at the same code. */
  isBetterThan(earlier: SourceError): boolean {
    if (this.isConclusive || earlier.isConclusive) return this.isConclusive
    const [mine, others] = [this.position, earlier.position]
    return mine.line > others.line || (mine.line === others.line && mine.column > others.column)
  }
}

/** Returns the error for `import`, and for `export` where it can't be left out, at an offset of the code. */
export function modulesError(position: Position, code: string, offset: number): SourceError {
  return new SourceError(
    'modules are not available in the sandbox: remove import and export; for functions that JavaScript does not have, call a tool (tools.name(input))',
    position,
    { hint: moduleHint(code.slice(offset)), isConclusive: true },
  )
}
