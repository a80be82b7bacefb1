import type { SchemaNode } from './node.ts'

/**
 * Returns whether a schema refers to itself through keywords that apply other schemas to the same value, such as `$ref`
 * and `allOf`, so that no check by it would ever end. The schemas are visited without recursion.
 */
export function endlessReference(inPlace: ReadonlyMap<SchemaNode, readonly SchemaNode[]>): boolean {
  const done = new Set<SchemaNode>()
  const onTrail = new Set<SchemaNode>()
  for (const start of inPlace.keys()) {
    const open = [start]
    for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
      if (done.has(node) || onTrail.has(node)) {
        open.pop()
        onTrail.delete(node)
        done.add(node)
        continue
      }
      onTrail.add(node)
      for (const next of inPlace.get(node) ?? []) {
        if (onTrail.has(next)) return true
        if (!done.has(next)) open.push(next)
      }
    }
  }
  return false
}
