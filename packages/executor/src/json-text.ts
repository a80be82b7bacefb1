/** Result of `parseJson`: the value, or the place where the text stops being JSON. Lines and columns count from 1. */
export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly position: number; readonly line: number; readonly column: number }

/** Parses JSON like `JSON.parse`, but reports the place of an error and none of the text, which may hold secrets. */
export function parseJson(text: string): ParsedJson {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch (error) {
    const stated = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    const position = stated === undefined ? firstUnexpectedToken(text) : Number(stated)
    const before = text.slice(0, position)
    return { ok: false, position, line: before.split('\n').length, column: position - before.lastIndexOf('\n') }
  }
}

const blank = /[ \t\n\r]*/y
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/**
 * Returns the position of the first token that JSON does not allow there, or the text's length if the text ends too
 * early. V8 states no position for these two cases. It does for malformed strings, so strings are only skipped here.
 */
function firstUnexpectedToken(text: string): number {
  const open: string[] = []
  let expected = 'value' as 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end'
  let position = 0
  for (;;) {
    position = matchEnd(blank, text, position) ?? position
    const character = text[position]
    if (character === undefined) return position
    const closes = character === (open.at(-1) === '{' ? '}' : ']') && open.length > 0
    let next = position + 1
    if (expected === 'colon') {
      if (character !== ':') return position
      expected = 'value'
    } else if (closes && expected !== 'value' && expected !== 'key') {
      open.pop()
      expected = 'comma or end'
    } else if (expected === 'comma or end') {
      if (character !== ',' || open.length === 0) return position
      expected = open.at(-1) === '{' ? 'key' : 'value'
    } else if (character === '"') {
      next = stringEnd(text, position)
      expected = expected === 'key' || expected === 'key or }' ? 'colon' : 'comma or end'
    } else if (expected === 'key' || expected === 'key or }') {
      return position
    } else if (character === '{' || character === '[') {
      open.push(character)
      expected = character === '{' ? 'key or }' : 'value or ]'
    } else {
      const end = matchEnd(scalar, text, position)
      if (end === undefined) return position
      next = end
      expected = 'comma or end'
    }
    position = next
  }
}

function matchEnd(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : undefined
}

function stringEnd(text: string, start: number): number {
  let position = start + 1
  while (position < text.length && text[position] !== '"') position += text[position] === '\\' ? 2 : 1
  return position + 1
}
