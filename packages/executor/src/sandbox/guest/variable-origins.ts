import type { Primordials } from './primordials.ts'

/** Maximum number of occurrences of a name that are looked at. */
const maxOccurrences = 200

/** Expression on `tools` or `Promise` that a variable was assigned. */
export interface Origin {
  readonly object: 'tools' | 'Promise'
  /** Path behind the object; empty for the object itself. */
  readonly path: string
  readonly isCalled: boolean
}

/**
 * Returns what a variable is assigned from `tools` or `Promise` without `await`, by the text of the code; undefined if
 * nothing is.
 */
export function originOf(p: Primordials, body: string, variable: string): Origin | undefined {
  let at = p.stringIndexOf(body, variable)
  for (let n = 0; at !== -1 && n < maxOccurrences; n++) {
    const end = at + variable.length
    const isWhole = at === 0 || p.regExpExec(/[\p{ID_Continue}$.]/u, p.stringSlice(body, at - 1, at)) === null
    const found = isWhole
      ? p.regExpExec(
          /^\s{0,99}=\s{0,99}(?:\$?watch_{0,31}\()?(?:globalThis\.)?(tools|Promise)(?:\.([\p{ID_Start}_$][\p{ID_Continue}$.]{0,255}))?\s{0,9}(\(|$|[;,\n\r}]|\s)/u,
          p.stringSlice(body, end, end + 600),
        )
      : null
    if (found !== null)
      return { object: found[1] as Origin['object'], path: found[2] ?? '', isCalled: found[3] === '(' }
    at = p.stringIndexOf(body, variable, end)
  }
  return undefined
}

/**
 * Returns the variable whose value a TypeError is about: the one that its message names, or the one at the start of the
 * path before the property that could not be read.
 */
export function usedVariable(p: Primordials, message: string, line: string): string | undefined {
  const used = p.regExpExec(
    /^([\p{ID_Start}_$][\p{ID_Continue}$]{0,63})(?:\.[\p{ID_Continue}$]{1,64})? is not (?:a function|iterable)/u,
    message,
  )
  if (used !== null) return used[1]
  const read = p.regExpExec(/^Cannot read properties of undefined \(reading '(\w{1,64})'\)$/, message)
  const at = read === null ? -1 : p.stringIndexOf(line, `.${read[1]}`)
  const chain = p.regExpExec(
    /([\p{ID_Start}_$][\p{ID_Continue}$]{0,63})(?:\.[\p{ID_Continue}$]{1,64}){1,8}$/u,
    p.stringSlice(line, 0, at === -1 ? 0 : at),
  )
  return chain === null ? undefined : chain[1]
}

/** Returns whether a variable is taken out of an object by a pattern, as in `const { name } = tools`. */
export function isTakenFrom(p: Primordials, body: string, object: 'tools' | 'crypto', variable: string): boolean {
  const patterns =
    object === 'tools'
      ? /\{([^{}]{0,999})\}\s?=\s?(?:await\s)?(?:globalThis\.)?tools\b/
      : /\{([^{}]{0,999})\}\s?=\s?(?:globalThis\.)?crypto\b/
  let rest = body
  for (let n = 0; n < maxOccurrences; n++) {
    const found = p.regExpExec(patterns, rest)
    if (found === null) return false
    if (isListed(p, found[1]!, variable)) return true
    rest = p.stringSlice(rest, p.stringIndexOf(rest, found[0]) + found[0].length)
  }
  return false
}

/** Returns whether a list of names, with defaults and new names behind them, has a name. */
function isListed(p: Primordials, list: string, name: string): boolean {
  for (let start = 0; ;) {
    const comma = p.stringIndexOf(list, ',', start)
    const item = p.stringSlice(list, start, comma === -1 ? list.length : comma)
    const found = p.regExpExec(/^\s*(?:[\p{ID_Continue}$]{1,128}\s*:\s*)?([\p{ID_Continue}$]{1,128})\s*(?:=|$)/u, item)
    if (found !== null && found[1] === name) return true
    if (comma === -1) return false
    start = comma + 1
  }
}
