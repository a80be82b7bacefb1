import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

test.each<[string, unknown]>([
  ['undefined', null],
  ['[undefined, () => {}].length', 2],
  ['({ a: undefined, b: 1 })', { b: 1 }],
  ['[undefined]', [null]],
  ['[NaN, Infinity, -Infinity, -0]', [null, null, null, 0]],
  ['new Date(0)', '1970-01-01T00:00:00.000Z'],
  ['({ toJSON: () => ({ a: 1 }) })', { a: 1 }],
  [`new URL('http://x/y')`, 'http://x/y'],
  ['Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } })', { own: 2 }],
  ['new Error("x")', { name: 'Error', message: 'x' }],
  ['JSON.parse(\'{"__proto__": 1}\')', JSON.parse('{"__proto__": 1}')],
  ['"\\u0000\\ud800"', '\u0000\ud800'],
  ['"ERROR: not really"', 'ERROR: not really'],
  ['new (class extends Map { toJSON() { return [...this] } })([[1, 2]])', [[1, 2]]],
  ['Promise.resolve(1)', 1],
  ['(BigInt.prototype.toJSON = function () { return String(this) }, [1n])', ['1']],
])('the result %s is JSON', { tags: ['EX-1'] }, async (expression, expected) => {
  expect(await suite.codemode.executeAsync(`return ${expression}`)).toEqual(expected)
})

test.each([
  ['() => {}', '', 'a function'],
  ['{ a: [1, { b() {} }] }', '.a[1].b', 'a function'],
  ['{ "a b": Symbol("s") }', '["a b"]', 'a symbol'],
  ['[1, 2n]', '[1]', 'a BigInt'],
  ['{ a: Object(1n) }', '.a', 'a BigInt'],
  ['{ a: new Map() }', '.a', 'a Map'],
  ['[new Set()]', '[0]', 'a Set'],
  ['{ later: Promise.resolve(1) }', '.later', 'a Promise, which JSON cannot hold'],
  ['(() => { const a = { b: {} }; a.b.c = a; return a })()', '.b.c', 'refers back to the value itself'],
  ['tools', '.echo', 'a function'],
])(
  'the result %s is refused with the path to the value that is not JSON',
  { tags: ['EX-1'] },
  async (expression, path, what) => {
    suite.codemode.registerTool('echo', (input) => input, { overwrite: true })
    const result = await suite.codemode.run(`const value = ${expression}\nreturn value`)
    expect(result).toMatchObject({
      success: false,
      error: { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError', details: { path } },
    })
    expect(result).toHaveProperty('error.message', expect.stringContaining(what))
  },
)

test('a result above its limit is refused with limit and size, and not at the limit', { tags: ['EX-1'] }, async () => {
  expect(await suite.codemode.run(`return 'x'.repeat(1024 * 1024 - 1)`)).toMatchObject({
    success: false,
    error: { code: 'RESULT_TOO_LARGE', details: { sizeBytes: 1_048_577, limitBytes: 1_048_576 } },
  })
  expect(await suite.codemode.executeAsync<string>(`return 'x'.repeat(1024 * 1024 - 2)`)).toHaveLength(1_048_574)
  expect(await suite.codemode.run(`return 'ä'.repeat(512 * 1024)`)).toMatchObject({
    error: { code: 'RESULT_TOO_LARGE', details: { sizeBytes: 1_048_578 } },
  })
})
