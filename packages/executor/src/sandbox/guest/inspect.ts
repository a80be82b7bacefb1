import { createInspector, type InspectorOptions } from './inspector.ts'
import { showPrimitive } from './inspect-primitive.ts'
import type { Primordials } from './primordials.ts'
import { textHead } from './utf8.ts'

const maxInspectedLength = 16_384

export type InspectOptions = Partial<InspectorOptions> & { readonly depth?: number }

const noOptions: InspectOptions = { __proto__: null }

/**
 * Returns a value as text, as Node's `util.inspect` shows it, in at most 16,384 characters. No getter of the value is
 * called.
 */
export function inspect(p: Primordials, value: unknown, options: InspectOptions = noOptions): string {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return showPrimitive(p, value)
  const text = createInspector(p, {
    __proto__: null,
    ...options,
    maxDepth: options.depth ?? 2,
    maxLength: maxInspectedLength,
  })(value)
  if (text.length <= maxInspectedLength) return text
  const kept = textHead(p, text, maxInspectedLength)
  return `${kept}… ${text.length - kept.length} more characters`
}
