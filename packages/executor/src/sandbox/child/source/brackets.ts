import { tokenizer, tokTypes } from 'acorn'

import { positionOf } from './position.ts'

const opening = new Map([
  [tokTypes.parenL, '('],
  [tokTypes.bracketL, '['],
  [tokTypes.braceL, '{'],
  [tokTypes.dollarBraceL, '${'],
])
const closing = new Set([tokTypes.parenR, tokTypes.bracketR, tokTypes.braceR])
const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '${': '}' }

/** Words that begin a statement, and can't follow an expression on the line before. */
const statements = /^(?:const|let|var|return|if|for|while|do|switch|try|throw|break|continue|function|class|async)\b/

/**
 * Returns the nesting of brackets of all kinds, and the offset of the bracket that is nested deepest. Brackets in strings
 * and comments count as well, so the result is approximate.
 */
export function deepestBracket(code: string): { depth: number; offset: number } {
  let depth = 0
  let deepest = { depth: 0, offset: 0 }
  for (const { 0: bracket, index } of code.matchAll(/[([{}\])]/g)) {
    depth = '([{'.includes(bracket) ? depth + 1 : Math.max(0, depth - 1)
    if (depth > deepest.depth) deepest = { depth, offset: index }
  }
  return deepest
}

/** Returns a hint if brackets that are not balanced are likely to cause the error at an offset. */
export function hintAtBrackets(code: string, offset: number): string | undefined {
  const { open } = scan(code, offset)
  const innermost = open.at(-1)
  const since = ({ text, start }: Bracket): string => `${text} since line ${positionOf(code, start).line}`
  if (offset >= code.length) {
    const more = open.length > 3 ? ` and ${open.length - 3} more` : ''
    return innermost && `Close the brackets that are open at the end: ${open.slice(0, 3).map(since).join(', ')}${more}.`
  }
  const found = code[offset]!
  if (')]}'.includes(found)) {
    if (innermost === undefined) return `No bracket is open at this ${found}: remove it, or open one before it.`
    return closers[innermost.text] === found
      ? undefined
      : `Before this ${found}, close what is open: ${since(innermost)}.`
  }
  if (innermost === undefined) return undefined
  if (innermost.text === '{' && /=>\s*$/.test(code.slice(Math.max(0, innermost.start - 20), innermost.start))) {
    const isProperty =
      found === ':' && /[,{]\s*(?:[\w$]+|'[^'\n]*'|"[^"\n]*")\s*$/.test(code.slice(innermost.start, offset))
    return isProperty ? 'Put an object that an arrow function returns into parentheses: => ({ … }).' : undefined
  }
  if (found === ';') {
    if (innermost.text !== '{') return `Before this ;, close what is open: ${since(innermost)}.`
    const isObject = /(?:[=(,:[]|\breturn)\s*$/.test(code.slice(Math.max(0, innermost.start - 20), innermost.start))
    return isObject && /[\w)\]}'"`]$/.test(code.slice(0, offset))
      ? 'Put commas between the properties of an object.'
      : undefined
  }
  if (!statements.test(code.slice(offset, offset + 20))) return undefined
  return `Before this statement, close what is open: ${since(innermost)}.`
}

interface Bracket {
  readonly text: string
  readonly start: number
}

/** Returns the offset of the first bracket that closes nothing. */
export function offsetOfExtraCloser(code: string): number | undefined {
  return scan(code, code.length).extraCloser
}

/** Returns the offset of the backtick that opens the innermost template which is not closed. */
export function offsetOfOpenTemplate(code: string): number | undefined {
  const open: { readonly type: object; readonly start: number }[] = []
  try {
    for (const { type, start } of tokenizer(code, { ecmaVersion: 'latest' })) {
      const isClosing = type === tokTypes.backQuote ? open.at(-1)?.type === type : closing.has(type)
      if (isClosing) open.pop()
      else if (type === tokTypes.backQuote || opening.has(type)) open.push({ type, start })
    }
  } catch {
    // The text of the template has no end.
  }
  return open.findLast(({ type }) => type === tokTypes.backQuote)?.start
}

interface Brackets {
  /** Brackets that are open at the end, the outermost first. */
  readonly open: readonly Bracket[]
  readonly extraCloser: number | undefined
}

/** Reads the brackets in front of an offset. */
function scan(code: string, offset: number): Brackets {
  const open: Bracket[] = []
  let extraCloser: number | undefined
  try {
    for (const { type, start } of tokenizer(code, { ecmaVersion: 'latest' })) {
      if (start >= offset) break
      const text = opening.get(type)
      if (text !== undefined) open.push({ text, start })
      else if (closing.has(type) && open.pop() === undefined) extraCloser ??= start
    }
    return { open, extraCloser }
  } catch {
    // A string or a comment is not closed, so the brackets in it are not known.
    return { open: [], extraCloser: undefined }
  }
}
