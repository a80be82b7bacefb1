/** Place in a text: the position from 0, and its line and column from 1. */
interface Place {
  readonly position: number
  readonly line: number
  readonly column: number
}

/** Result of `parseJson`: the value, or the reason why the text is not JSON, which names the place if it is known. */
export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string; readonly place: Place | undefined }

/** Parses JSON like `JSON.parse`, but reports none of the text in an error, because it may hold secrets. */
export function parseJson(text: string): ParsedJson {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch (error) {
    const { reason, position } = readSyntaxError(text, (error as SyntaxError).message)
    if (position === undefined) return { ok: false, reason, place: undefined }
    const before = text.slice(0, position)
    const place = { position, line: before.split('\n').length, column: position - before.lastIndexOf('\n') }
    return { ok: false, reason: `${reason} at line ${place.line}, column ${place.column}`, place }
  }
}

const unexpectedToken = 'Unexpected token'

/** Reads the message of a syntax error. V8 gives no position if a token is unexpected or the text ends too early. */
function readSyntaxError(text: string, message: string): { reason: string; position: number | undefined } {
  if (message.startsWith(unexpectedToken)) return { reason: unexpectedToken, position: unexpectedTokenAt(text) }
  const [, reason, position] = /^(.*?)(?: in JSON)? at position (\d+)/.exec(message) ?? []
  return { reason: reason ?? 'Unexpected end', position: Number(position ?? text.length) }
}

/** Maximum length of a text in which the unexpected token is searched for, in UTF-16 units. */
const maxSearchedLength = 64 * 1024

/**
 * Returns the position of the unexpected token, by a binary search for the shortest beginning of the text that has it.
 * The search parses the text up to 16 times, so in a long text the position stays unknown.
 */
function unexpectedTokenAt(text: string): number | undefined {
  if (text.length > maxSearchedLength) return undefined
  let without = 0
  let length = text.length
  while (without + 1 < length) {
    const middle = Math.floor((without + length) / 2)
    if (hasUnexpectedToken(text.slice(0, middle))) length = middle
    else without = middle
  }
  return length - 1
}

function hasUnexpectedToken(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (error) {
    return (error as SyntaxError).message.startsWith(unexpectedToken)
  }
}
