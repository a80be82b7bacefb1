import fc from 'fast-check'
import { expect, test } from 'vitest'

import { inexactNumber } from './inexact-number.ts'

test.each([
  ['9007199254740993'],
  ['-9007199254740993'],
  ['1e400'],
  ['-1E+400'],
  ['1e-400'],
  ['0.10000000000000000555'],
  ['123456789012345678901234567890'],
])('the number %s does not survive', (number) => {
  for (const json of [number, `{"a":[1,"2\\"3",${number}]}`, `[true,${number} ,5]`])
    expect(inexactNumber(json)).toBe(number)
})

test.each([
  '0',
  '-0',
  '1.0',
  '1.50',
  '1e0',
  '1E+21',
  '100e-2',
  '0e999',
  '9007199254740992',
  '0.1',
  '5e-324',
  '123456789012345',
])('the number %s survives', (number) => expect(inexactNumber(`[${number}]`)).toBeUndefined())

test('digits in texts are no numbers', () => {
  expect(inexactNumber('{"9007199254740993":"1e400 \\" 9007199254740993"}')).toBeUndefined()
})

test('every double survives, with and without an exponent', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      for (const number of [JSON.stringify(value), value.toExponential()]) expect(inexactNumber(number)).toBeUndefined()
    }),
  )
})
