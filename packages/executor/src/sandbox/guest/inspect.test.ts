// oxlint-disable-next-line no-restricted-imports -- the model
import { formatWithOptions, inspect as nodeInspect } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readDirOptions } from './dir-options.ts'
import { formatLog } from './format-log.ts'
import { createGroupEntries } from './group-entries.ts'
import { inspect } from './inspect.ts'
import { capturePrimordials } from './primordials.ts'

const p = capturePrimordials()

class Point {
  x = 1
  y = 2
}
class Point3 extends Point {}
function named(): void {}
function* generator(): Generator {}
const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2 })

describe('inspect shows the same as util.inspect', () => {
  test.each<[string, unknown]>([
    ['primitives', [1, -0, 1n, true, 'text']],
    ['more primitives', [null, undefined, Symbol('s'), NaN, false]],
    ['quotes', ["it's", 'say "it\'s"', `\`"'`, 'a\nb\\c\t']],
    ['objects', { a: 1, 'b-c': 'x', 3: [], [Symbol('k')]: {} }],
    ['depth', { a: { b: { c: { d: 1 } }, l: [[[1]]] } }],
    ['classes', [new Point(), new Point3(), Point, Point3]],
    ['functions', [named, () => {}, async () => {}, generator, Object.assign(() => {}, { a: 1 })]],
    ['no prototype', Object.assign(Object.create(null), { a: 1 })],
    ['maps and sets', [new Map<unknown, unknown>([['a', { b: 1 }]]), new Set([1, 'x']), new Map(), new Set()]],
    ['dates', [new Date(0), new Date(NaN)]],
    ['regular expressions', /a\/b/gi],
    [
      'accessors',
      {
        get a() {
          return 1
        },
        set b(_value: unknown) {},
        get c() {
          return 1
        },
        set c(_value) {},
      },
    ],
    ['hidden properties', hidden],
    // oxlint-disable-next-line no-sparse-arrays
    ['holes', [1, , 3, , ,]],
    ['properties of an array', Object.assign([1], { x: 2 })],
    ['boxed primitives', [Object(1), Object('s'), Object(true), Object(1n), Object(Symbol('x'))]],
    ['typed arrays', [new Uint8Array([1, 2]), new Float64Array(0)]],
    ['buffers', new Uint8Array([1, 255]).buffer],
    ['weak collections', new WeakMap()],
    ['long objects', { alpha: 'a'.repeat(30), beta: 'b'.repeat(30), gamma: { delta: 'd'.repeat(80) } }],
    ['more than three levels', { a: { b: { c: {} } } }],
  ])('%s', (_title, value) => {
    expect(inspect(p, value)).toBe(nodeInspect(value))
  })
})

describe('long lists are in the columns of util.inspect', () => {
  const groupEntries = createGroupEntries(p)
  const number = fc.oneof(fc.nat(9), fc.nat(99_999), fc.float(), fc.bigInt({ min: 0n, max: 9n }))
  const item = fc.oneof(number, fc.string({ maxLength: 30 }), fc.constant(undefined), fc.record({ id: fc.nat(99) }))
  const list = fc.oneof(
    fc.array(number, { maxLength: 130 }),
    fc.array(fc.string({ maxLength: 12 }), { maxLength: 40 }),
    fc.array(item, { maxLength: 30 }),
    fc.uint8Array({ maxLength: 130 }),
  )

  test('of any items, at any depth', () => {
    fc.assert(
      fc.property(list, fc.record({ a: fc.record({ b: list }), c: list }), (one, deep) => {
        expect(inspect(p, one, { groupEntries })).toBe(nodeInspect(one))
        expect(inspect(p, deep, { groupEntries })).toBe(nodeInspect(deep))
      }),
    )
  })

  test('with holes, properties and accessors', () => {
    const sparse = Object.assign(
      Array.from({ length: 9 }, (_, n) => n),
      { extra: 'property' },
    )
    Reflect.deleteProperty(sparse, 4)
    Object.defineProperty(sparse, 5, { get: () => 1, enumerable: true })
    expect(inspect(p, sparse, { groupEntries })).toBe(nodeInspect(sparse))
  })

  test.each([
    { maxArrayLength: 3 },
    { maxArrayLength: null, breakLength: 40 },
    { maxStringLength: 2, depth: 0 },
    { maxStringLength: 0, depth: null },
    { sorted: true, depth: 5 },
    { breakLength: Infinity },
    { compact: 1 },
    { compact: 5, maxArrayLength: 0 },
  ])('with the options %j', (options) => {
    const values = {
      z: [1, 2, 3, 4],
      b: 'a text',
      a: { c: { d: { e: 1 } }, list: Array.from({ length: 30 }, (_, n) => n) },
    }
    expect(inspect(p, values, { groupEntries, ...readDirOptions(p, options) })).toBe(nodeInspect(values, options))
  })

  test('with options that have no meaning', () => {
    const options = { depth: 'x', maxArrayLength: -1, maxStringLength: {}, breakLength: NaN, sorted: 1 }
    expect(inspect(p, { b: [1], a: 'x' }, readDirOptions(p, options))).toBe("{ b: [ 1 ], a: 'x' }")
  })
})

describe('inspect', () => {
  test('shows an error by its stack, with its cause and its own properties', () => {
    const error = Object.assign(new Error('boom', { cause: new TypeError('why') }), { code: 'E' })
    const text = inspect(p, error)
    expect(text).toMatch(/^Error: boom\n    at .*[^]*\{\n  code: 'E',|\[cause\]: TypeError: why/)
    expect(text).toContain("code: 'E'")
    error.stack = ''
    expect(inspect(p, Object.assign(new Error('x'), { stack: undefined }))).toBe('[Error: x]')
  })

  test('marks a cycle', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(inspect(p, cycle)).toBe('<ref *1> { self: [Circular *1] }')
  })

  test('shows a hundred items', () => {
    expect(
      inspect(
        p,
        Array.from({ length: 103 }, (_, n) => n),
      ),
    ).toMatch(/99,\n? *\s*\.\.\. 3 more items\n\]$/)
    expect(inspect(p, new Set(Array.from({ length: 101 }, (_, n) => n)))).toMatch(/\.\.\. 1 more item\n\}$/)
  })

  test('shows a promise without its state, and does not change whether it is handled', () => {
    expect(inspect(p, Promise.resolve(1))).toBe('Promise {}')
  })

  test('withstands proxies, getters that throw and false types', () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    )
    expect(inspect(p, { hostile })).toBe('{ hostile: [Object: could not be inspected] }')
    expect(inspect(p, Proxy.revocable([], {}).proxy)).toBe('[]')
    expect(inspect(p, Object.create(Map.prototype))).toBe('Map {}')
    const error = new Error('x')
    Object.defineProperty(error, 'stack', {
      get() {
        throw new Error('no')
      },
    })
    expect(inspect(p, error)).toBe('[Error: x]')
  })

  test('is bounded, and says how much was cut', () => {
    const wide = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => 'x'.repeat(50)))
    const text = inspect(p, wide)
    expect(text.length).toBeLessThan(16_500)
    expect(text).toMatch(/… \d+ more characters$/)
    expect(inspect(p, ['x'.repeat(10_005)])).toMatch(/'\.\.\. 5 more characters/)
  })
})

describe('formatLog formats as console.log does', () => {
  test.each<unknown[][]>([
    [['text', 1, { a: 'b' }, ['c']]],
    [['%s is %d and %i and %f', 'x', '4.5', '4.5', '4.5', 'rest']],
    [['%s %s %s', -0, 1n, Symbol('x')]],
    [['%d %i %f', 1n, {}, 'no']],
    [['%j %o', { a: 1 }, 5]],
    [['%O', { a: { b: 1 } }]],
    [['100%', 1]],
    [['%% %c%s', 'color: red', 'x']],
    [['%%']],
    [['%x %s', 'a']],
    [['%s']],
    [['%s %s', 'a']],
    [[1, '%s', 'a']],
    [[]],
  ])('case %#', (args) => {
    expect(
      formatLog(p, args, (value, shown = 2) =>
        inspect(p, value, typeof shown === 'number' ? { __proto__: null, depth: shown } : shown),
      ),
    ).toBe(formatWithOptions({}, ...args))
  })
})
