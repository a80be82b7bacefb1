import { parseExactly } from './exact-json.ts'

/** Returns JSON text with line breaks and indentation; text that is not JSON is returned as it is. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(parseExactly(text), null, 2)
  } catch {
    return text
  }
}
