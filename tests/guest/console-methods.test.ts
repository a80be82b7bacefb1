/** Tests that the console's methods and the text of values are those of Node. */
import { Console } from 'node:console'
import { Writable } from 'node:stream'
// oxlint-disable-next-line no-restricted-imports -- the model
import { inspect } from 'node:util'

import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

async function linesOf(code: string): Promise<string[]> {
  const { logs, success } = await suite.codemode.run(code)
  expect(success).toBe(true)
  return logs.map(({ level, text }) => (level === 'log' ? text : `${level}: ${text}`))
}

test('groups indent every line, and end one by one', { tags: ['EX-8'] }, async () => {
  const code = `
    console.group('outer', 1); console.log('a\\nb'); console.groupCollapsed('inner'); console.warn({ a: 1 }); console.count()
    console.groupEnd(); console.group(); console.log(Promise.resolve(1)); console.groupEnd(); console.groupEnd()
    console.groupEnd(); console.log('end')`
  expect(await linesOf(code)).toEqual([
    'outer 1',
    '  a\n  b',
    '  inner',
    'warn:     { a: 1 }',
    '    default: 1',
    '    Promise { 1 }',
    'end',
  ])
})

test('labels count and measure, and an unknown label is a warning', { tags: ['EX-8'] }, async () => {
  const code = `
    console.count(); console.count('x'); console.count(undefined); console.countReset(); console.count(); console.countReset('y')
    console.time(); console.time(); console.timeLog(undefined, 1, { a: 2 }, '%s'); await sleep(5); console.timeEnd(); console.timeEnd()
    console.time('100%s'); await sleep(1000); console.timeEnd('100%s'); return [console.time('z'), console.count()]`
  expect(await linesOf(code)).toEqual([
    'default: 1',
    'x: 1',
    'default: 2',
    'default: 1',
    "warn: Count for 'y' does not exist",
    "warn: Label 'default' already exists for console.time()",
    'default: 0ms 1 { a: 2 } %s',
    expect.stringMatching(/^default: \d+ms$/),
    "warn: No such label 'default' for console.timeEnd()",
    expect.stringMatching(/^100%s: \d+\.\d{3}s$/),
    'default: 2',
  ])
})

test(
  'dir has a depth, trace has a stack, assert is an error, and what needs a terminal does nothing',
  { tags: ['EX-8'] },
  async () => {
    const code = `
    const deep = { a: { b: { c: { d: { e: 1 } } } } }
    console.dir(deep); console.dir(deep, { depth: 0 }); console.dir(deep, { depth: null, colors: true }); console.dir(deep, 5)
    console.dirxml({ a: 1 }, 2); console.assert(false, 'wrong %s', 1); console.assert(0, { a: 1 }); console.assert()
    console.assert(true, 'no'); function here() { console.trace('hi', 3) }; here()
    return [console.clear(), console.timeStamp('x'), console.profile(), console.profileEnd()].every((each) => each === undefined)`
    expect(await linesOf(code)).toEqual([
      '{ a: { b: { c: [Object] } } }',
      '{ a: [Object] }',
      '{\n  a: {\n    b: { c: { d: { e: 1 } } }\n  }\n}',
      '{ a: { b: { c: [Object] } } }',
      '{ a: 1 } 2',
      'error: Assertion failed: wrong 1',
      'error: Assertion failed { a: 1 }',
      'error: Assertion failed',
      'debug: Trace: hi 3\n    at here (code:5:59)\n    at code:5:77',
    ])
  },
)

test('dir has the options of Node, and long lists have columns', { tags: ['EX-8'] }, async () => {
  const value = { b: 'abcdef', a: [1, 2, 3] }
  const options = [
    { maxArrayLength: 1, maxStringLength: 2, sorted: true },
    { breakLength: 20 },
    { compact: 1, breakLength: 0 },
  ]
  const powers = Array.from({ length: 9 }, (_, n) => n ** 5)
  const rows = Array.from({ length: 7 }, (_, id) => ({ id }))
  const code = `
    for (const options of input.options) console.dir(input.value, options)
    console.log(input.powers); console.dir(input.rows)`
  const { logs } = await suite.codemode.run(code, { input: { value, options, powers, rows } })
  expect(logs.map(({ text }) => text)).toEqual([
    ...options.map((each) => inspect(value, each)),
    inspect(powers),
    inspect(rows),
  ])
})

test.each([
  [`[{ a: 1, b: 'x' }, { a: 2, c: [1, 2, 3, 4] }]`, ['(index)|a|b|c', `0|1|'x'|`, '1|2||[ 1, 2, 3, ... 1 more item ]']],
  ['[[1, 2], [3]]', ['(index)|0|1', '0|1|2', '1|3|']],
  [`{ x: { v: 1 }, y: 'text' }`, ['(index)|v|Values', 'x|1|', `y||'text'`]],
  ['new Map([["k", { v: 1 }]])', ['(iteration index)|Key|Values', `0|'k'|{ v: 1 }`]],
  ['new Set([1, "b"])', ['(iteration index)|Values', '0|1', `1|'b'`]],
  ['[{ a: 1, b: 2 }], ["b", "z"]', ['(index)|b|z', '0|2|']],
  ['[{ a: { x: 1, y: 2, z: 3 }, get b() { return 1 } }]', ['(index)|a|b', `0|[Object]|'[Getter]'`]],
  ['[]', ['(index)']],
])('the table of %s', { tags: ['EX-8'] }, async (args, rows) => {
  const [table] = await linesOf(`console.table(${args})`)
  const cells = table!.split('\n').filter((line) => line.startsWith('│'))
  expect(
    cells.map((line) =>
      line
        .slice(1, -1)
        .split('│')
        .map((cell) => cell.trim())
        .join('|'),
    ),
  ).toEqual(rows)
  expect(new Set(table!.split('\n').map((line) => line.length)).size).toBe(1)
})

test('the columns of a table have the width of their characters', { tags: ['EX-8'] }, async () => {
  const rows = [{ a: 'größe' }, { a: '日本' }, { a: '😀' }, { a: 'e\u0301' }, { größe: 1, ﬃ: 'ｗ' }]
  let expected = ''
  const stdout = new Writable({
    write(text, _encoding, done) {
      expected += String(text)
      done()
    },
  })
  new Console({ stdout }).table(rows)
  const { logs } = await suite.codemode.run('console.table(input)', { input: rows })
  expect(`${logs[0]!.text}\n`).toBe(expected)
})

test('the table of a value that is no object is the value', { tags: ['EX-8'] }, async () => {
  expect(await linesOf(`console.table(5); console.table('x'); console.table(null); console.table()`)).toEqual([
    '5',
    'x',
    'null',
    'undefined',
  ])
})

test.each([
  [
    `new URL('http://a/?x=1')`,
    expect.stringMatching(
      /^URL \{\n {2}href: 'http:\/\/a\/\?x=1',\n[^]*searchParams: URLSearchParams \{ 'x' => '1' \},\n {2}hash: ''\n\}$/,
    ),
  ],
  [`new URLSearchParams('a=1&b=2')`, `URLSearchParams { 'a' => '1', 'b' => '2' }`],
  ['new URLSearchParams()', 'URLSearchParams {}'],
  [`new URLSearchParams('a=1').keys()`, `URLSearchParams Iterator { 'a' }`],
  ['[new URLSearchParams("q=x")]', `[ URLSearchParams { 'q' => 'x' } ]`],
  ['new (class Mine extends URLSearchParams {})("a=1")', `Mine [URLSearchParams] { 'a' => '1' }`],
  ['Object.create(URL.prototype)', 'URL {}'],
  ['new AbortController()', 'AbortController { signal: AbortSignal { aborted: false } }'],
  [`new Event('x')`, expect.stringMatching(/^Event \{\n {2}type: 'x',/)],
  ['new TextDecoder()', `TextDecoder { encoding: 'utf-8', fatal: false, ignoreBOM: false }`],
  [
    `new DOMException('gone', 'AbortError')`,
    expect.stringMatching(/^DOMException \[AbortError\]: gone\n {4}at code:1:/),
  ],
  ['new (class NotFoundError extends Error {})("x")', expect.stringMatching(/^NotFoundError: x\n {4}at code:1:/)],
  [`Object.assign(new Error('x'), { stack: undefined })`, '[Error: x]'],
  [`new AggregateError([1], 'all')`, expect.stringMatching(/\{\n {2}\[errors\]: \[ 1 \]\n\}$/)],
  [`Temporal.PlainDate.from('2024-02-28')`, 'Temporal.PlainDate 2024-02-28'],
  [`({ at: Temporal.Duration.from({ hours: 2 }) })`, '{ at: Temporal.Duration PT2H }'],
  ['Promise.resolve(3)', 'Promise { 3 }'],
  ['Promise.resolve({ a: [1] })', 'Promise { { a: [ 1 ] } }'],
  ['new Promise(() => {})', 'Promise { <pending> }'],
  [
    '(async () => { throw new Error("no") })()',
    expect.stringMatching(/^Promise \{\n {2}<rejected> Error: no\n {6}at code:1:[^]*\n\}$/),
  ],
  ['[1, 2].map(async (n) => n * 2)', '[ Promise { 2 }, Promise { 4 } ]'],
  ['new (class Mine extends Promise {})(() => {})', 'Mine [Promise] { <pending> }'],
  ['[1][Symbol.iterator]()', 'Object [Array Iterator] {}'],
  ['(function* () {})()', 'Object [Generator] {}'],
  ['(async function* () {})()', 'Object [AsyncGenerator] {}'],
  ['new Map([["a", 1]]).keys()', `[Map Iterator] { 'a' }`],
  ['new Map([["a", 1]]).entries()', `[Map Entries] { [ 'a', 1 ] }`],
  ['new Set([1, 2]).values()', '[Set Iterator] { 1, 2 }'],
  ['new WeakMap()', 'WeakMap { <items unknown> }'],
  ['new Proxy({ a: 1 }, {})', '{ a: 1 }'],
  ['Math', 'Object [Math] {}'],
  ['new Intl.NumberFormat("en")', 'Intl.NumberFormat {}'],
  ['new (class Foo extends Map {})([[1, 2]])', 'Foo(1) [Map] { 1 => 2 }'],
  [
    '(() => { const a = { b: {} }; a.b.c = a.b; a.d = a; return a })()',
    '<ref *2> { b: <ref *1> { c: [Circular *1] }, d: [Circular *2] }',
  ],
])('the console shows %s', { tags: ['GU-1'] }, async (source, text) => {
  const [shown] = await linesOf(`console.log(${source})`)
  expect(shown).toEqual(text)
})

test('a promise is shown with the state that it has, and later entries follow it', { tags: ['GU-1'] }, async () => {
  const code = `
    const late = new Promise((resolve) => setTimeout(resolve, 1, 'late'))
    console.log('before', late, Promise.resolve('now')); console.warn('next'); await late; console.log(late)
    const own = Promise.resolve(1); own.constructor = 5; console.log(own); console.log(Object.freeze(Promise.resolve(1)))
    Promise.prototype.then = () => { throw 1 }
    console.log(Promise.resolve(2), own.constructor, Reflect.ownKeys(late))
    throw new Error('end')`
  const { logs } = await suite.codemode.run(code)
  expect(logs.map(({ text }) => text)).toEqual([
    `before Promise { <pending> } Promise { 'now' }`,
    'next',
    `Promise { 'late' }`,
    'Promise { 1, constructor: 5 }',
    'Promise { <unknown> }',
    'Promise { 2 } 5 []',
  ])
})

test('showing an iterator does not change what it returns', { tags: ['GU-1'] }, async () => {
  const code = `
    const map = new Map([['a', 1], ['b', 2], ['c', 3]]), it = map.keys()
    it.next(); console.log(it, it); const first = it.next(); console.log(it); const rest = [...it]; console.log(it)
    const long = new Set(Array.from({ length: 300 }, (_, n) => n)).values(); console.log(long)
    return { first, rest, keys: Object.keys(it), sum: long.reduce((a, b) => a + b, 0), done: [it.next(), long.next()] }`
  const { logs, ...rest } = await suite.codemode.run(code)
  expect(logs.slice(0, 3).map(({ text }) => text)).toEqual([
    `[Map Iterator] { 'b', 'c' } [Map Iterator] { 'b', 'c' }`,
    `[Map Iterator] { 'c' }`,
    '[Map Iterator] {}',
  ])
  expect(rest).toMatchObject({
    result: {
      first: { value: 'b', done: false },
      rest: ['c'],
      keys: [],
      sum: 44_850,
      done: [{ done: true }, { done: true }],
    },
  })
})

test.each([
  [`for (const item of it) { seen.push(item); console.log(it) }`, [1, 2, 3]],
  [`for (const item of it) { if (item === 1) console.log({ it }); seen.push(item) }`, [1, 2, 3]],
  [`const loop = () => { for (const item of it) seen.push(item, String(it)) }; loop(); console.log(it)`, undefined],
  [`for await (const item of it) { console.log('%o', it); seen.push(item) }`, [1, 2, 3]],
])(
  'logging an iterator within a loop that reads it does not change the loop: %s',
  { tags: ['GU-1'] },
  async (code, seen) => {
    for (const it of ['new Map([[1, 1], [2, 2], [3, 3]]).values()', 'new Set([1, 2, 3]).keys()']) {
      const all = `const it = ${it}, seen = []; ${code}; return seen`
      const tag = it.includes('Map') ? 'Map' : 'Set'
      const expected = seen ?? [1, 2, 3].flatMap((item) => [item, `[object ${tag} Iterator]`])
      expect(await suite.codemode.executeAsync(all)).toEqual(expected)
    }
  },
)

test('the code can log the characters that stand for states of promises', { tags: ['GU-1'] }, async () => {
  const texts = ['\uFDD00\uFDD1', '\uFDD20\uFDD3', '\uFDD01\uFDD1 \uFDD00\uFDD1']
  const code = `
    const one = Promise.resolve(1), two = Promise.resolve([2])
    for (const text of input) console.log(text, one, { [text]: text, two })
    console.log(new Proxy({}, { getPrototypeOf() { throw 1 } }), { a: Promise.resolve(3) })
    console.log(new Proxy([Promise.resolve(4)], { ownKeys() { throw 1 } }), Promise.resolve(5))`
  const { logs } = await suite.codemode.run(code, { input: texts })
  expect(logs.map(({ text }) => text)).toEqual([
    ...texts.map((text) => `${text} Promise { 1 } { '${text}': '${text}', two: Promise { [ 2 ] } }`),
    '[Object: could not be inspected] { a: Promise { 3 } }',
    '[Object: could not be inspected] Promise { 5 }',
  ])
})

test('a proxy that logs while it is shown changes no other entry', { tags: ['GU-1'] }, async () => {
  const code = `
    const loud = new Proxy({}, { ownKeys() { console.log('inner', Promise.resolve(2)); return [] } })
    console.log(Promise.resolve(1), loud, Promise.resolve(3))`
  const { logs } = await suite.codemode.run(code)
  expect(new Set(logs.map(({ text }) => text))).toEqual(
    new Set([`inner Promise { 2 }`, 'Promise { 1 } {} Promise { 3 }']),
  )
})
