/** Error of code that can't be run, with its position. Lines and columns count from 1. */
export class SourceError extends Error {
  readonly line: number | undefined
  readonly column: number | undefined
  /** Whether the message says what to do, which makes it better than any other. */
  readonly isAdvice: boolean

  constructor(message: string, position?: { readonly line: number; readonly column: number }, isAdvice = false) {
    super(message)
    this.isAdvice = isAdvice
    this.line = position?.line
    this.column = position?.column
  }

  /**
   * Returns whether to report this error rather than another parser's: it has advice, or the other parser understood
   * less of the code.
   */
  isBetterThan(other: SourceError): boolean {
    if (this.isAdvice !== other.isAdvice) return this.isAdvice
    const [line = 0, otherLine = 0] = [this.line, other.line]
    return line > otherLine || (line === otherLine && (this.column ?? 0) >= (other.column ?? 0))
  }
}

/** Message for `import` and `export` in any form. */
export const noModulesMessage =
  'modules are not available in the sandbox: remove import and export; for functions that JavaScript does not have, call a tool (tools.name(input))'
