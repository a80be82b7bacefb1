import type { AST } from '@eslint-community/regexpp'

/** Function that returns whether a pattern expects a character, given as its code point or its code unit. */
export type CharacterTest = (code: number) => boolean

/**
 * Returns the test of one character of a pattern. Classes and escapes are matched against a single character by
 * JavaScript's own engine, which is exact and takes constant time; its results for ASCII are memoized.
 */
export function characterTest(element: AST.QuantifiableElement, flags: string): CharacterTest {
  if (element.type === 'Character' && !flags.includes('i')) {
    const { value } = element
    return (code) => code === value
  }
  const expression = new RegExp(`^(?:${element.raw})$`, flags.replace('m', ''))
  const matches: CharacterTest = (code) =>
    expression.test(flags.includes('u') ? String.fromCodePoint(code) : String.fromCharCode(code))
  const ascii = Uint8Array.from({ length: 128 }, (_, code) => (matches(code) ? 1 : 0))
  return (code) => (code < 128 ? ascii[code] === 1 : matches(code))
}
