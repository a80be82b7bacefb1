import type { Primordials } from './primordials.ts'
import { textHead } from './utf8.ts'

/**
 * Cuts a text to a number of UTF-16 units without splitting a surrogate pair, and appends the number of units that are
 * left out.
 */
export function truncate(p: Primordials, text: string, limit: number): string {
  if (text.length <= limit) return text
  const kept = textHead(p, text, limit)
  return `${kept}… (${text.length - kept.length} more characters)`
}
