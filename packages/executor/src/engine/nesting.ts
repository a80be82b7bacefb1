import { maxJsonNesting, RequestError } from '@codemode/shared'

const quote = 0x22
const backslash = 0x5c

/**
 * Returns whether the objects and arrays of a value are nested deeper than the given levels. Visits each of them once.
 */
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

/** Returns the part of a message that refuses a value which is nested deeper than the given number of levels. */
export function nestedTooDeeply(levels: number): string {
  return `is nested too deeply: the limit is ${levels} levels of arrays and objects`
}

/** Throws `RequestError` INVALID_REQUEST for a value of a request that is nested too deeply. `path` is the name of the value. */
export function checkNesting(path: string, value: unknown, limit: number = maxJsonNesting): void {
  if (!isNestedDeeperThan(value, limit)) return
  throw new RequestError('INVALID_REQUEST', `${path} ${nestedTooDeeply(limit)}`, {
    details: { path, limit },
    suggestion: `Reduce the nesting of ${path}.`,
  })
}

/** Returns the maximum nesting of brackets in a JSON text. Takes time linear in the length of the text. */
export function nestingOf(json: string): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < json.length; i++) {
    const unit = json.charCodeAt(i)
    if (unit === quote) i = endOfString(json, i)
    else if (unit === 0x7b || unit === 0x5b) {
      depth += 1
      if (depth > deepest) deepest = depth
    } else if (unit === 0x7d || unit === 0x5d) depth -= 1
  }
  return deepest
}

/**
 * Returns the index of the quote that ends the string which starts at `start`, or the text's length if there is none.
 */
export function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let backslashes = 0
    while (json.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1
    if (backslashes % 2 === 0) return end
  }
  return json.length
}
