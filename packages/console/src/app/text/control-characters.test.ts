import fc from 'fast-check'
import { expect, test } from 'vitest'

import { piecesOf, plainText } from './control-characters.ts'

test.each([
  ['a right-to-left override', 'a\u202Eb', ['a', 'U+202E', 'b']],
  ['a NUL', '\u0000', ['U+0000']],
  ['a run of NULs', 'a\u0000\u0000\u0000b\u0000', ['a', 'U+0000 ×3', 'b', 'U+0000']],
  ['a terminal escape', '\u001B[31mred', ['U+001B', '[31mred']],
  ['a carriage return', 'safe\rfake', ['safe', 'U+000D', 'fake']],
  ['a zero-width space', 'pay\u200Bpal', ['pay', 'U+200B', 'pal']],
  ['a tag character', 'x\u{E0041}', ['x', 'U+E0041']],
  ['a lone surrogate', 'x\uD800y', ['x', 'U+D800', 'y']],
  ['a variation selector of a digit', '1\uFE0F0', ['1', 'U+FE0F', '0']],
  ['a joiner between letters', 'a\u200Db', ['a', 'U+200D', 'b']],
])('%s is shown as its code point', (_, text, pieces) => {
  expect(piecesOf(text).map((piece) => piece.text)).toEqual(pieces)
})

test('letters of every script, emoji, tabs and line feeds are shown as they are', () => {
  const text = 'größe\tשלום\nالعربية 日本語 😀 \u2764\uFE0F 👩\u200D💻 <b>&amp;</b>'
  expect(piecesOf(text)).toEqual([{ text, isCodePoint: false }])
})

test('an empty text has no pieces', () => {
  expect(piecesOf('')).toEqual([])
})

test('no text is lost: without the names of code points, the pieces are the text without these characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = piecesOf(text).filter(({ isCodePoint }) => !isCodePoint)
      const named = piecesOf(text).filter(({ isCodePoint }) => isCodePoint)
      const kept = shown.reduce((sum, piece) => sum + Array.from(piece.text).length, 0)
      const unseen = named.reduce((sum, piece) => sum + Number(piece.text.split('×')[1] ?? 1), 0)
      expect(kept + unseen).toBe(Array.from(text).length)
    }),
  )
})

test('a title has the names in brackets', () => {
  expect(plainText('a\u202Eb')).toBe('a[U+202E]b')
})
