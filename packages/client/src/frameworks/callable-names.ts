import { toolDeclarationSchema } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import { isUncallable, reservedPartOf, unreserved, wireNameOf } from '../tools/names.ts'

const maxLength = toolDeclarationSchema.shape.name.maxLength!
/** Number of characters that a suffix may take. */
const suffixLength = 8

/**
 * Returns names by which code can call tools of these names, in the same order and all different: a name that code can call
 * stays, and of others, characters, reserved words and length are changed. The result depends on the names only.
 */
export function callableNames(names: readonly string[]): string[] {
  const wanted = names.map(callableName)
  const taken = new Set(names.filter((name, index) => wanted[index] === name))
  const kept = new Set<string>()
  return wanted.map((name, index) => {
    const isKept = name === names[index] && !kept.has(name)
    const free = isKept ? name : firstFree(name, taken)
    if (isKept) kept.add(name)
    taken.add(free)
    return free
  })
}

function firstFree(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let n = 2; ; n += 1) if (!taken.has(`${name}_${n}`)) return `${name}_${n}`
}

function callableName(name: string): string {
  const parts = name.split('.').map((part) => (isUncallable(part) ? 'tool' : part))
  let callable = wireNameOf(parts.join('.'))
  // Without its `$`, a name may be another reserved one.
  while (reservedPartOf(callable) !== undefined) callable = wireNameOf(unreserved(callable))
  if (callable.length <= maxLength) return callable
  return textHead(callable, maxLength - suffixLength).replace(/\.$/, '')
}
