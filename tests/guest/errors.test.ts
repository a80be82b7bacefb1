import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode({ client: { tools: { take: (input: unknown) => input } } })

test.each([
  ['throw new RangeError("x")', 'RangeError', 'x'],
  ['throw "text"', 'Error', 'text'],
  ['throw null', 'Error', 'thrown: null'],
  ['throw undefined', 'Error', 'thrown: undefined'],
  ['throw 5', 'Error', 'thrown: 5'],
  ['throw { a: 1 }', 'Error', 'thrown: {"a":1}'],
  ['throw Symbol("s")', 'Error', 'thrown: Symbol(s)'],
  ['throw { name: "Mine", message: "own" }', 'Mine', 'own'],
  ['class Mine extends Error { name = "Mine" }\nthrow new Mine("x")', 'Mine', 'x'],
  ['throw new AggregateError([new Error("a")], "both")', 'AggregateError', 'both'],
  ['throw new DOMException("gone", "AbortError")', 'AbortError', 'gone'],
  ['await Promise.reject(new TypeError("x"))', 'TypeError', 'x'],
  ['(function f() { f() })()', 'RangeError', 'Maximum call stack size exceeded'],
  ['throw new Proxy({}, { get() { throw new Error("trap") } })', 'Error', expect.any(String)],
  ['throw { get message() { throw 1 }, get stack() { throw 2 }, get name() { throw 3 } }', 'Error', expect.any(String)],
])('%s ends the execution with that error', { tags: ['EX-8'] }, async (code, name, message) => {
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({ success: false, error: { code: 'GUEST_ERROR', name, message, retryable: false } })
})

test('long messages are cut and say so', { tags: ['EX-8'] }, async () => {
  const result = await suite.codemode.run(`throw new Error('x'.repeat(1e6))`)
  expect(result).toHaveProperty('error.message', `${'x'.repeat(8_192)}… (${1e6 - 8_192} more characters)`)
  expect(JSON.stringify(result).length).toBeLessThan(64 * 1024)
})

test.each([
  [
    'JavaScript',
    `function inner() {\n  throw new Error('here')\n}\nasync function outer() {\n  await null\n  inner()\n}\n\nawait outer()`,
    ['inner (code:2:9)', 'outer (code:6:3)', 'code:9:1'],
  ],
  [
    'TypeScript',
    `interface Item { n: number }\ntype Id = string\nconst item: Item = { n: 1 }\nconst read = <T extends Item>(of: T): number => {\n  throw new Error('here')\n}\nread(item as Item)`,
    ['read (code:5:9)', 'code:7:1'],
  ],
  [
    'fenced code',
    `Here is the code:\n`.replace(/.*\n/, '') + '```ts\nconst n: number = 1\n\nthrow new Error(`${n}`)\n```',
    ['code:4:7'],
  ],
  [
    'a single function',
    `async () => {\n  const fail = () => { throw new Error('here') }\n  fail()\n}`,
    ['fail (code:2:30)', 'code:3:3', 'code:4:2'],
  ],
  ['a last expression', `const f = () => { throw new Error('x') }\nf()`, ['f (code:1:25)', 'code:2:1']],
  ['an expression after others on the same line', `const f = () => { throw 1 }; null.x`, ['code:1:35']],
  [
    'a callback of a builtin',
    `[1].map(() => {\n  throw new Error('x')\n})`,
    ['code:2:9', 'Array.map (<anonymous>)', 'code:1:5'],
  ],
])('the stack of %s has the lines and columns of the author', { tags: ['EX-8'] }, async (_what, code, frames) => {
  const { error } = (await suite.codemode.run(code)) as { error?: { guestStack?: string } }
  const lines = error?.guestStack
    ?.split('\n')
    .slice(1)
    .map((line) => line.replace(/^ {4}at (async )?/, ''))
  expect(lines).toEqual(frames)
})

test.each([
  'return { get a() { throw new Error("x") } }',
  'return { toJSON() { throw new Error("x") } }',
  'setTimeout(() => { throw new Error("x") }); await sleep(9)',
  'await tools.take(1, 2)',
  'new URL("nothing")',
  'structuredClone(() => {})',
  'return (function f() { f() })()',
])('the stack of %s has no frame of the runtime or the host', { tags: ['EX-8'] }, async (code) => {
  const { error } = (await suite.codemode.run(code)) as { error?: { guestStack?: string } }
  expect(error?.guestStack).not.toMatch(/codemode:|node:|file:|\/work|isolated|\[as /)
})

test.each([
  ['const a = 1;\nconst b = ;', 2, 11],
  ['const a: number = 1\nlet a = 2', 2, 5],
  ['```js\nfoo(\n```', 3, 1],
  ['return 1 +', 1, expect.any(Number)],
  ['await = 1', 1, expect.any(Number)],
  ['enum Color { Red }', 1, expect.any(Number)],
])('a syntax error has its line and column: %j', { tags: ['EX-7'] }, async (code, line, column) => {
  expect(await suite.codemode.run(code)).toMatchObject({
    success: false,
    error: { code: 'SYNTAX_ERROR', name: 'SyntaxError', details: { line, column } },
    toolCalls: [],
  })
})

test('an unhandled rejection does not affect the result', { tags: ['EX-8'] }, async () => {
  expect(await suite.codemode.executeAsync('Promise.reject(new Error("lost")); return 1')).toBe(1)
})

test('code can recognise a ToolError and construct one itself', { tags: ['EX-8'] }, async () => {
  const code = `
    const caught = await tools.take(1, 2).catch((error) => error)
    const own = new ToolError('own')
    return [
      caught instanceof ToolError, caught instanceof Error, Object.prototype.toString.call(caught), caught.name,
      Object.keys(caught), own instanceof ToolError, own.name, own.message, Error.isError(caught), String(caught),
    ]`
  expect(await suite.codemode.executeAsync(code)).toEqual([
    true,
    true,
    '[object Error]',
    'ToolError',
    ['tool', 'code', 'data', 'retryable'],
    true,
    'ToolError',
    'own',
    true,
    'ToolError: A tool takes one object; tools.take got 2 arguments. Pass one object with all fields: tools.take({ … }).',
  ])
})

test.each<[string, unknown]>([
  ['Object.keys(Error)', ['stackTraceLimit']],
  ['Error.propertyIsEnumerable("prepareStackTrace")', false],
  ['typeof Error.prepareStackTrace', 'function'],
  [
    'const orig = Error.prepareStackTrace; Error.prepareStackTrace = () => 1; const one = new Error().stack; Error.prepareStackTrace = orig; return [one, new Error("x").stack.split("\\n")[0]]',
    [1, 'Error: x'],
  ],
  [
    'Error.prepareStackTrace = (error, sites) => Error.prepareStackTrace.length + sites.length; return typeof new Error().stack',
    'number',
  ],
  [
    'class Mine extends Error {}; Mine.prepareStackTrace = () => 1; return [typeof new Error().stack, Object.keys(Mine)]',
    ['string', ['prepareStackTrace']],
  ],
  ['Error.prepareStackTrace = 5; return Error.prepareStackTrace', 5],
])('Error.prepareStackTrace is as in Node: %s', { tags: ['EX-8'] }, async (code, value) => {
  expect(await suite.codemode.executeAsync(code)).toEqual(value)
})

test('a function that code sets gets the frames of the code, at its places', { tags: ['EX-8'] }, async () => {
  const code = `
    const original = Error.prepareStackTrace
    const texts = []
    Error.prepareStackTrace = (error, sites) => {
      texts.push(original(error, sites))
      return sites.map((site) => [site.getFunctionName(), site.getLineNumber(), site.getColumnNumber(), String(site)])
    }
    const work = async () => 1; work(); function inner() { return new Error('x').stack }
    const outer = () => [1].map(() => inner())[0]
    const stacks = [outer()]
    console.log(new Proxy({}, { ownKeys() { stacks.push(inner()); return [] } }))
    try { new URL(':') } catch (error) { stacks.push(error.stack) }
    await tools.fail().catch((error) => stacks.push(error.stack))
    return { stacks, texts }`
  suite.codemode.registerTool('fail', () => Promise.reject(new Error('no')))
  const { stacks, texts } = await suite.codemode.executeAsync<{ stacks: unknown[][][]; texts: string[] }>(code)
  expect(stacks[0]).toEqual([
    ['inner', 8, 67, 'inner (code:8:67)'],
    [null, 9, 39, 'code:9:39'],
    ['map', null, null, 'Array.map (<anonymous>)'],
    ['outer', 9, 29, 'outer (code:9:29)'],
    [null, 10, 21, 'code:10:21'],
  ])
  expect(texts[0]).toBe(
    'Error: x\n    at inner (code:8:67)\n    at code:9:39\n    at Array.map (<anonymous>)\n    at outer (code:9:29)\n    at code:10:21',
  )
  expect(stacks.filter((stack) => Array.isArray(stack)).length).toBeGreaterThan(2)
  for (const stack of stacks) expect(JSON.stringify(stack)).not.toContain('codemode:')
})
