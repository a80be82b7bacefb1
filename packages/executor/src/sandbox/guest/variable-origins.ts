import type { Primordials } from './primordials.ts'

/** Maximum number of occurrences of a name that are looked at. */
const maxOccurrences = 200

/** Expression on `tools` that a variable was assigned. */
export interface Origin {
  /** Path behind `tools.`; empty for `tools` itself. */
  readonly path: string
  readonly isCalled: boolean
}

/** Returns what a variable is assigned from `tools` without `await`, by the text of the code; undefined if nothing is. */
export function originOf(p: Primordials, body: string, variable: string): Origin | undefined {
  let at = p.stringIndexOf(body, variable)
  for (let n = 0; at !== -1 && n < maxOccurrences; n++) {
    const end = at + variable.length
    const isWhole = at === 0 || p.regExpExec(/[\p{ID_Continue}$.]/u, p.stringSlice(body, at - 1, at)) === null
    const found = isWhole
      ? p.regExpExec(
          /^\s{0,99}=\s{0,99}(?:watch_{0,30}\()?(?:globalThis\.)?tools(?:\.([\p{ID_Start}_$][\p{ID_Continue}$.]{0,255}))?\s{0,9}(\(|$|[;,\n\r}]|\s)/u,
          p.stringSlice(body, end, end + 600),
        )
      : null
    if (found !== null) return { path: found[1] ?? '', isCalled: found[2] === '(' }
    at = p.stringIndexOf(body, variable, end)
  }
  return undefined
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
