import { type Edit, editOrder, insertion } from './edits.ts'
import type { BlockFunction } from './step-program.ts'

/**
 * Returns the edits that keep functions in blocks from hiding variables of the session: sloppy code makes each also a
 * variable of the function around the block, except where a `let` of the same name is in between. So the content of the
 * block moves into a second block, with such a `let` in the first.
 */
export function guardBlockFunctions(
  functions: readonly BlockFunction[],
  isVariable: (name: string) => boolean,
): readonly Edit[] {
  const names = new Map<BlockFunction['container'], Set<string>>()
  for (const { name, container } of functions) {
    if (!isVariable(name)) continue
    const of = names.get(container)
    if (of === undefined) names.set(container, new Set([name]))
    else of.add(name)
  }
  const edits: Edit[] = []
  for (const [container, of] of names) {
    // A function that is the branch of an `if` has no block of its own.
    const [open, close] = container.type === 'FunctionDeclaration' ? ['{', '}'] : ['', '']
    edits.push(
      insertion(container.start, `{let ${[...of].join()};${open}`, editOrder.outerStart),
      insertion(container.end, `${close}}`, editOrder.outerEnd),
    )
  }
  return edits
}
