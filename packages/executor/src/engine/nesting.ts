/** Deeper values are refused: `JSON.stringify` takes time that grows with the square of the depth. */
export const maxValueNesting = 10_000

/** Returns whether objects and arrays of a value are nested deeper than so many levels; looks at each of them once. */
export function isNestedDeeperThan(value: unknown, levels: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    level = level.filter((each) => typeof each === 'object' && each !== null)
    if (depth >= levels && level.length > 0) return true
    const inside: unknown[] = []
    for (const each of level) for (const child of Object.values(each as object)) inside.push(child)
    level = inside
  }
  return false
}

/** Returns how many brackets of a JSON text are open at once, at most. */
export function nestingOf(json: string): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < json.length; i++) {
    const character = json[i]
    if (character === '"') i = endOfString(json, i)
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth)
    else if (character === '}' || character === ']') depth -= 1
  }
  return deepest
}

function endOfString(json: string, start: number): number {
  let i = start + 1
  while (i < json.length && json[i] !== '"') i += json[i] === '\\' ? 2 : 1
  return i
}
