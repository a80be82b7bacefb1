import { type Edit, editOrder, insertion } from './edits.ts'
import type { Write } from './scopes.ts'

interface Constants {
  readonly isConstant: (name: string) => boolean
  /** Name of the object by which the body refers to constants. */
  readonly object: string
}

/**
 * Returns the edits that make assignments to constants of the session fail: the constant becomes a property of an object
 * of the runtime. Reads stay as they are.
 */
export function assignConstants(code: string, writes: readonly Write[], { isConstant, object }: Constants): Edit[] {
  return writes
    .filter(({ name }) => isConstant(name))
    .map(({ start, end, isShorthand }) => {
      const text = isShorthand ? `${code.slice(start, end)}: ${object}.` : `${object}.`
      return insertion(start, text, editOrder.name)
    })
}
