import { parseExactly } from './exact-json.ts'

/** Longest text and deepest nesting that are indented: the text of an array that is n deep grows by n blanks in each line. */
const longestText = 131_072
const deepest = 64

/** Returns JSON text with line breaks and indentation. Text that is no JSON, very long or very deep is returned as it is. */
export function prettyJson(text: string): string {
  if (text.length > longestText || depthOf(text) > deepest) return text
  try {
    return JSON.stringify(parseExactly(text), null, 2)
  } catch {
    return text
  }
}

/** Returns a value as JSON text with indentation, or on one line if it is very long or very deep. */
export function prettyValue(value: unknown): string {
  return prettyJson(JSON.stringify(value))
}

/** Returns the nesting of JSON text. Brackets within strings count too, which only makes it less pretty. */
function depthOf(text: string): number {
  let depth = 0
  let most = 0
  for (let index = 0; index < text.length && most <= deepest; index++) {
    const character = text[index]
    if (character === '[' || character === '{') most = Math.max(most, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return most
}
