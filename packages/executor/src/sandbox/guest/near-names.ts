import type { Primordials } from './primordials.ts'

const maxCompared = 64

/** Returns the known names that are close to a wrong one, the closest first; at most three. */
export function nearNames(p: Primordials, wrong: string, known: readonly string[]): string[] {
  const wanted = simplified(p, wrong)
  if (wanted === '') return []
  const found: { name: string; distance: number }[] = []
  for (let i = 0; i < known.length; i++) {
    const distance = distanceTo(p, wanted, known[i]!)
    if (distance !== undefined) p.arrayPush(found, { name: known[i]!, distance })
  }
  p.arraySort(found, (a, b) => a.distance - b.distance)
  const names: string[] = []
  for (let i = 0; i < found.length && i < 3; i++) {
    // Names that are almost the wanted one leave no room for others.
    if (found[i]!.distance > 1 && found[0]!.distance <= 1) break
    p.arrayPush(names, found[i]!.name)
  }
  return names
}

/** Returns how far a name is from the wanted one; undefined if it is not close. Its namespace may be missing. */
function distanceTo(p: Primordials, wanted: string, name: string): number | undefined {
  const whole = simplified(p, name)
  if (whole === wanted) return 0
  const dot = lastDot(p, name)
  const last = dot === -1 ? whole : simplified(p, p.stringSlice(name, dot + 1))
  if (last === wanted || p.stringEndsWith(wanted, last)) return last.length >= 4 || last === wanted ? 1 : undefined
  // Destructuring an array would call its iterator, which user code may have replaced.
  const shorter = wanted.length < last.length ? wanted : last
  const longer = wanted.length < last.length ? last : wanted
  if (shorter.length >= 4 && p.stringIncludes(longer, shorter)) return 2
  const limit = p.MathMax(1, p.MathTrunc(p.MathMin(wanted.length, last.length) / 3))
  const distance = p.MathMin(editDistance(p, wanted, last, limit), editDistance(p, wanted, whole, limit))
  return distance <= limit ? distance : undefined
}

function lastDot(p: Primordials, name: string): number {
  let last = -1
  for (let dot = p.stringIndexOf(name, '.'); dot !== -1; dot = p.stringIndexOf(name, '.', dot + 1)) last = dot
  return last
}

/** Returns a name in lower case without `_`, `-` and `.`. */
function simplified(p: Primordials, name: string): string {
  const lower = p.stringToLowerCase(p.stringSlice(name, 0, maxCompared))
  let text = ''
  for (let i = 0; i < lower.length; i++) {
    const character = p.stringSlice(lower, i, i + 1)
    if (character !== '_' && character !== '-' && character !== '.') text += character
  }
  return text
}

/** Returns the edit distance of two words, with swaps of neighbours as one edit; more than the limit if it is above. */
function editDistance(p: Primordials, from: string, to: string, limit: number): number {
  if (p.MathMax(from.length - to.length, to.length - from.length) > limit) return limit + 1
  let beforePrevious = new p.Uint32Array(to.length + 1)
  let previous = new p.Uint32Array(to.length + 1)
  let current = new p.Uint32Array(to.length + 1)
  for (let column = 0; column <= to.length; column++) previous[column] = column
  const at = (text: string, index: number): number => p.stringCharCodeAt(text, index)
  for (let row = 1; row <= from.length; row++) {
    current[0] = row
    for (let column = 1; column <= to.length; column++) {
      const cost = at(from, row - 1) === at(to, column - 1) ? 0 : 1
      let least = p.MathMin(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + cost)
      const isSwap =
        row > 1 && column > 1 && at(from, row - 1) === at(to, column - 2) && at(from, row - 2) === at(to, column - 1)
      if (isSwap) least = p.MathMin(least, beforePrevious[column - 2]! + 1)
      current[column] = least
    }
    const unused = beforePrevious
    beforePrevious = previous
    previous = current
    current = unused
  }
  return previous[to.length]!
}
