import { expect, test } from 'vitest'

import { shortened, textHead, textTail } from './text-ends.ts'

test.each([
  ['abc', 3, 'abc', 'abc'],
  ['abcd', 3, 'abc', 'bcd'],
  ['a😀b', 2, 'a', 'b'],
  ['a😀b', 3, 'a😀', '😀b'],
  ['😀😀', 1, '', ''],
  ['😀😀', 2, '😀', '😀'],
  ['abc', 0, '', ''],
  ['\ud83d\ud83d\ude00', 2, '\ud83d', '😀'],
  ['ab\ud83dc', 3, 'ab\ud83d', 'b\ud83dc'],
])(
  'each end of %j is cut to %i characters without splitting a surrogate pair',
  { tags: ['GU-1'] },
  (text, maxLength, head, tail) => {
    expect(textHead(text, maxLength)).toBe(head)
    expect(textTail(text, maxLength)).toBe(tail)
  },
)

test('every cut of well-formed text is well-formed', { tags: ['GU-1'] }, () => {
  const text = 'x😀é漢👩‍👩‍👧'.repeat(20)
  for (let length = 0; length <= text.length; length++) {
    expect(textHead(text, length).isWellFormed()).toBe(true)
    expect(textTail(text, length).isWellFormed()).toBe(true)
  }
})

test('a shortened text gives the number of omitted characters', { tags: ['GU-1'] }, () => {
  expect(shortened('abc', 3)).toBe('abc')
  expect(shortened('a😀bc', 2)).toBe('a… (4 more characters)')
})
