/**
 * Returns the known name that is closest to a misspelt one, or undefined if none is close. Case, `_`, `-`, `.` and a
 * missing end are ignored. With `maxDistance`, a missing end counts, and a name that differs by more characters is not close.
 */
export function nearestName(wrong: string, known: Iterable<string>, maxDistance?: number): string | undefined {
  const wanted = simplified(wrong.slice(0, 100))
  let best: { name: string; distance: number } | undefined
  for (const name of known) {
    const isBeginning = maxDistance === undefined && wanted.length >= 4 && simplified(name).startsWith(wanted)
    const distance = isBeginning ? 1 : editDistance(wanted, simplified(name))
    const limit = Math.max(1, Math.floor(Math.min(wanted.length, name.length) / 3))
    const closeEnough = distance <= Math.min(limit, maxDistance ?? Infinity)
    if (closeEnough && distance < (best?.distance ?? Infinity)) best = { name, distance }
  }
  return best?.name
}

const simplified = (name: string) => name.toLowerCase().replaceAll(/[_\-.]/g, '')

/** Returns the edit distance of two words, with swaps of neighbours as one edit (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
        swapped ? beforePrevious[column - 2]! + 1 : Infinity,
      )
    }
    beforePrevious = previous
    previous = current
  }
  return previous[to.length]!
}
