/** A regular expression that the gate does not judge, by its file and its source text. */
export interface AllowedRegex {
  readonly path: string
  readonly text: string
  /** Why it can't take time that grows faster than its input, or whose time it takes. */
  readonly reason: string
}

/** The regular expressions of the packages that are no constants, or that the analyser can't judge. */
export const allowedRegexes: readonly AllowedRegex[] = [
  {
    path: 'packages/client/src/executors/mock-answer.ts',
    text: 'request.code.search(code)',
    reason: 'The pattern is that of the author of a test, who also sends the code.',
  },
  {
    path: 'packages/executor/src/sandbox/guest/web/structured-clone.ts',
    text: 'new p.RegExp(p.regExpSource(value as RegExp), p.regExpFlags(value as RegExp))',
    reason: "A copy of the guest's own expression, which the guest runs within its own CPU budget.",
  },
]
