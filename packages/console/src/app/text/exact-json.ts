// A number in JSON text can have more digits than a double. What a person approves must be what the tool gets, so such
// numbers keep their text: the browser's JSON.rawJSON carries it through JSON.stringify.

interface RawJson {
  readonly rawJSON?: (text: string) => unknown
}

/** Parses JSON text so that `JSON.stringify` writes numbers with the digits that they have in the text. */
export function parseExactly(text: string): unknown {
  const { rawJSON } = JSON as RawJson
  if (rawJSON === undefined) return JSON.parse(text)
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && context.source !== String(value)
      ? rawJSON(context.source)
      : value
  return JSON.parse(text, revive)
}
