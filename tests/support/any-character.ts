import { type Arbitrary, integer } from 'fast-check'

/**
 * Any character of Unicode, assigned or not, without unpaired surrogates. The unit 'binary' of fast-check has the same
 * characters, but builds a table of all of them in each process, which takes a second.
 */
export const anyCharacter: Arbitrary<string> = integer({ min: 0, max: 0x10_f7ff }).map((n) =>
  String.fromCodePoint(n < 0xd800 ? n : n + 0x800),
)
