import { expect, test } from 'vitest'

import { positionsIn } from './code-position.ts'

test('the positions of a stack are those of the code, the innermost first', () => {
  const stack =
    'ReferenceError: x is not defined\n    at inner (code:5:20)\n    at Array.map (<anonymous>)\n    at code:8:1'
  expect(positionsIn(stack)).toEqual([
    { line: 5, column: 20 },
    { line: 8, column: 1 },
  ])
})

test('a message that has a position is none', () => {
  expect(positionsIn('Error: unexpected token at code:1:2\ncode:3:1\n    at xcode:3:4')).toEqual([])
})
