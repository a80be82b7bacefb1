import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { acceptedCases, refusedCases, valueOf } from '../../../../tests/support/json-cases.ts'
import { writableValues } from '../../../../tests/support/json-values.ts'
import { NotJsonError } from './not-json.ts'
import { toJson } from './to-json.ts'

function refusalOf(value: unknown): NotJsonError {
  try {
    toJson(value)
  } catch (error) {
    if (error instanceof NotJsonError) return error
    throw error
  }
  throw new Error('it was not refused')
}

test('a value without a loss comes out as JSON.stringify writes it', () => {
  fc.assert(
    fc.property(writableValues, (value) => {
      expect(JSON.stringify(toJson(value))).toBe(JSON.stringify(value) ?? 'null')
    }),
  )
})

test.each(acceptedCases.filter(({ place }) => place !== 'guest'))('$source becomes $json', (each) => {
  expect(JSON.stringify(toJson(valueOf(each)))).toBe(each.json)
})

test.each(refusedCases.filter(({ place }) => place !== 'guest'))('$source is refused: $path $reason', (each) => {
  const { path, reason, hint } = each
  expect(refusalOf(valueOf(each))).toMatchObject({ pathText: path, reason, hint })
})

test('a key named __proto__ stays a key', () => {
  const json = toJson(JSON.parse('{"__proto__": {"admin": true}}'))
  expect(JSON.stringify(json)).toBe('{"__proto__":{"admin":true}}')
  expect((json as { admin?: boolean }).admin).toBeUndefined()
})

test.each<[string, (thrown: Error) => unknown]>([
  [
    'a getter',
    (thrown) => ({
      get at() {
        throw thrown
      },
    }),
  ],
  [
    'toJSON',
    (thrown) => ({
      at: {
        toJSON() {
          throw thrown
        },
      },
    }),
  ],
  [
    'a trap of a proxy',
    (thrown) => ({
      at: new Proxy(
        {},
        {
          ownKeys() {
            throw thrown
          },
        },
      ),
    }),
  ],
])('%s that throws is refused with its path, and the error as the cause', (_what, valueThat) => {
  const thrown = new TypeError('in /home/me/secret.ts')
  const refusal = refusalOf(valueThat(thrown))
  expect(refusal).toMatchObject({ pathText: '.at', cause: thrown })
  expect(refusal.message).toContain('throws TypeError')
  expect(refusal.message).not.toContain('secret')
})

const unreadable: unknown[] = [
  Object.defineProperty(new Error('x'), 'name', {
    get() {
      throw new Error('name')
    },
  }),
  Object.create(Error.prototype, { name: { value: Symbol('name') } }),
  new Proxy(
    {},
    {
      getPrototypeOf() {
        throw new Error('prototype')
      },
    },
  ),
  null,
]

test.each(
  unreadable.map((thrown) => [
    {
      get field() {
        throw thrown
      },
    },
  ]),
)('a value is refused whatever its getter throws', (value) => {
  expect(refusalOf([value])).toMatchObject({ path: [0, 'field'] })
})

test('an error keeps the rest when one of its fields throws while it is written', () => {
  const at = {
    toJSON: () => {
      throw new Error('not written')
    },
  }
  expect(toJson([Object.assign(new TypeError('x'), { at, status: 4 })])).toEqual([
    { name: 'TypeError', message: 'x', status: 4 },
  ])
})

test('very many objects below deeply nested ones come out as they are', () => {
  let value: unknown = Array.from({ length: 200_000 }, () => ({}))
  for (let depth = 0; depth < 500; depth++) value = [value]
  expect(JSON.stringify(toJson(value))).toBe(JSON.stringify(value))
})

/** Few objects that refer to each other so often that a tree of them has billions. */
function repeated(): unknown {
  let value: unknown = 'x'
  for (let i = 0; i < 30; i++) value = [value, value, value]
  return value
}

/** A list with a length and nothing in it. */
function lengthOnly(): unknown[] {
  const list: unknown[] = []
  list.length = 4_000_000_000
  return list
}

test.each([
  ['a list of billions that are not set', lengthOnly],
  ['few objects that refer to each other billions of times', repeated],
  ['an error with such a list', () => Object.assign(new Error('x'), { errors: lengthOnly() })],
  ['an error with such objects', () => ({ error: new Error('x', { cause: { rows: repeated() } }) })],
])('%s is refused before it is written out', { tags: ['GU-1'] }, (_, make) => {
  expect(refusalOf(make()).message).toMatch(/^has more than 2097152 values in it, which no message can hold/)
})

test('as many values as fit into a message are taken', { tags: ['GU-1'] }, () => {
  expect(toJson(Array.from({ length: 2_000_000 }, () => 1))).toHaveLength(2_000_000)
})
