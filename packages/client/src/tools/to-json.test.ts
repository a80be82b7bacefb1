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

test('toJson converts a lossless value as JSON.stringify does', () => {
  fc.assert(
    fc.property(writableValues, (value) => {
      expect(JSON.stringify(toJson(value))).toBe(JSON.stringify(value) ?? 'null')
    }),
  )
})

test.each(acceptedCases.filter(({ place }) => place !== 'guest'))('toJson converts $source to $json', (each) => {
  expect(JSON.stringify(toJson(valueOf(each)))).toBe(each.json)
})

test.each(refusedCases.filter(({ place }) => place !== 'guest'))('toJson refuses $source: $path $reason', (each) => {
  const { path, reason, hint } = each
  expect(refusalOf(valueOf(each))).toMatchObject({ pathText: path, reason, hint })
})

test('toJson keeps a key named __proto__', () => {
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
])('the error for %s that throws has the path, and the thrown error as its cause', (_what, valueThat) => {
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
)('toJson refuses a value whose getter throws anything', (value) => {
  expect(refusalOf([value])).toMatchObject({ path: [0, 'field'] })
})

test('toJson keeps the other fields of an error when one of them throws', () => {
  const at = {
    toJSON: () => {
      throw new Error('not written')
    },
  }
  expect(toJson([Object.assign(new TypeError('x'), { at, status: 4 })])).toEqual([
    { name: 'TypeError', message: 'x', status: 4 },
  ])
})

test('toJson converts very many objects below deeply nested ones', () => {
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
  ['a list of billions of unset items', lengthOnly],
  ['a few objects that refer to each other billions of times', repeated],
  ['an error with a list of billions of unset items', () => Object.assign(new Error('x'), { errors: lengthOnly() })],
  ['an error with such objects', () => ({ error: new Error('x', { cause: { rows: repeated() } }) })],
])('toJson refuses %s before it writes it out', { tags: ['GU-1'] }, (_, make) => {
  expect(refusalOf(make()).message).toMatch(/^has more than 2097152 values in it, which no message can hold/)
})

test('toJson accepts as many values as fit into a message', { tags: ['GU-1'] }, () => {
  expect(toJson(Array.from({ length: 2_000_000 }, () => 1))).toHaveLength(2_000_000)
})
