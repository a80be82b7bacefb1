/** Regular expression that the check does not analyse, identified by its file and its source text. */
export interface AllowedRegex {
  readonly path: string
  readonly text: string
  /** Reason why its time is linear, or a statement of the party that supplies the input and whose CPU time it takes. */
  readonly reason: string
}

/** Regular expressions of the packages that are not constant, or that the analyser does not support. */
export const allowedRegexes: readonly AllowedRegex[] = [
  {
    path: 'packages/client/src/executors/mock-answer.ts',
    text: 'request.code.search(code)',
    reason: 'The author of a test writes both the pattern and the code.',
  },
  {
    path: 'packages/client/src/prompt/discovery/search-index.ts',
    text: 'this.#index.search(words, options)',
    reason: 'A method of the index of tools, which takes words and no pattern.',
  },
  {
    path: 'packages/executor/src/sandbox/guest/web/structured-clone.ts',
    text: 'new p.RegExp(p.regExpSource(value as RegExp), p.regExpFlags(value as RegExp))',
    reason: "A copy of the guest's own expression, which the guest runs within its own CPU budget.",
  },
  {
    path: 'packages/shared/src/json-schema/formats.ts',
    text: "new RegExp(text, 'u')",
    reason: 'Only compiled, to test the format `regex`, and never matched; the text has at most 10,000 characters.',
  },
  {
    path: 'packages/shared/src/json-schema/pattern/character.ts',
    text: "new RegExp(`^(?:${element.raw})$`, flags.replace('m', ''))",
    reason: 'One class or escape of a pattern, matched against a single character.',
  },
  {
    path: 'packages/shared/src/json-schema/pattern/program.ts',
    text: "new RegExp(source, isUnicode ? 'u' : '')",
    reason:
      'Only compiled, when a tool is registered, to learn whether the pattern of its owner is valid; never matched.',
  },
  {
    path: 'packages/shared/src/json-schema/pattern/program.ts',
    text: "new RegExp('^\\\\w$', this.#isUnicode && flags.has('i') ? 'iu' : '')",
    reason: 'The class of word characters, matched against a single character.',
  },
  {
    path: 'packages/shared/src/json-schema/uri-formats.ts',
    text: 'new RegExp(`^(?:[${set}-]|%[\\\\da-fA-F]{2})*$`)',
    reason:
      'A repeated choice between a character of a constant set without %, and % with two digits: no text matches twice.',
  },
]
