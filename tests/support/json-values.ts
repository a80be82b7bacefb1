import * as fc from 'fast-check'

import { anyCharacter } from './any-character.ts'

class Point {
  readonly x: unknown
  constructor(x: unknown) {
    this.x = x
  }
}

const scalar = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.double(),
  fc.integer(),
  fc.constantFrom(undefined, null, true, false, -0, Number.NaN, Infinity),
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(Object('boxed'), Object(1.5), Object(false)),
)
const key = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 5 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'length', '0', '10', ''),
)

/** Values that `JSON.stringify` accepts, most of which are not JSON values themselves. */
export const writableValues = fc.letrec<{ value: unknown }>((tie) => {
  const entries = fc.array(fc.tuple(key, tie('value')), { maxLength: 5 })
  return {
    value: fc.oneof(
      { maxDepth: 5 },
      { weight: 3, arbitrary: scalar },
      entries.map((pairs) => Object.fromEntries(pairs)),
      entries.map((pairs) => Object.assign(Object.create(null) as object, Object.fromEntries(pairs))),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => Object.assign(Array.from({ length: 5 }), items)),
      tie('value').map((x) => new Point(x)),
      tie('value').map((value) => ({ toJSON: (name: string) => [name, value] })),
      tie('value').map((value) => ({
        get a() {
          return value
        },
      })),
      tie('value').map((value) => [value, value]),
    ),
  }
}).value
