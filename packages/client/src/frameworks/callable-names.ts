import { toolDeclarationSchema } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import { isUncallable, reservedPartOf, unreserved, wireNameOf } from '../tools/names.ts'

const maxLength = toolDeclarationSchema.shape.name.maxLength!
/** Length to which a longer name is cut, which leaves room for the change of a reserved word at the end. */
const cutLength = maxLength - 8

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
  for (let n = 2; ; n += 1) {
    const suffix = `_${n}`
    const free = `${textHead(name, maxLength - suffix.length)}${suffix}`
    if (!taken.has(free)) return free
  }
}

function callableName(name: string): string {
  const parts = name.split('.').map((part) => (isUncallable(part) ? 'tool' : part))
  const callable = withoutReserved(wireNameOf(parts.join('.')))
  if (callable.length <= maxLength) return callable
  // The rest of the last part may be a reserved word.
  return withoutReserved(textHead(callable, cutLength).replace(/\.$/, ''))
}

function withoutReserved(wireName: string): string {
  let name = wireName
  // Without its `$`, a name may be another reserved one.
  while (reservedPartOf(name) !== undefined) name = wireNameOf(unreserved(name))
  return name
}
