import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const value = (code: string) => suite.codemode.executeAsync(code)

test.each([
  'tools',
  'input',
  'context',
  'config',
  'console',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'queueMicrotask',
  'sleep',
  'structuredClone',
  'URL',
  'URLSearchParams',
  'TextEncoder',
  'TextDecoder',
  'atob',
  'btoa',
  'AbortController',
  'AbortSignal',
  'Event',
  'EventTarget',
  'DOMException',
  'crypto',
  'performance',
  'ToolError',
  'Intl',
  'Temporal',
  'Proxy',
  'Map',
])('the global %s exists', { tags: ['EX-1'] }, async (name) => {
  expect(await value(`return [typeof ${name} !== 'undefined', '${name}' in globalThis]`)).toEqual([true, true])
})

test.each(['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'WebAssembly', 'ShadowRealm'])(
  '%s does not exist',
  { tags: ['EX-1'] },
  async (name) => {
    expect(await value(`return [typeof ${name}, '${name}' in globalThis]`)).toEqual(['undefined', false])
  },
)

test.each([
  [
    'fetch',
    `fetch('https://example.com')`,
    'The sandbox has no network; call a tool instead: await tools.<name>(input).',
  ],
  ['XMLHttpRequest', 'new XMLHttpRequest()', 'The sandbox has no network; call a tool'],
  ['WebSocket', `new WebSocket('wss://x')`, 'The sandbox has no network; call a tool'],
  ['require', `const fs = require('fs')`, 'The sandbox has no modules;'],
  ['module', 'module.exports = 1', 'end with `return value` instead of exporting it.'],
  ['process', 'process.env.HOME', 'the values that the host passes are `input`, `context` and `config`.'],
  ['Buffer', `Buffer.from('x')`, 'use Uint8Array, TextEncoder, TextDecoder, atob and btoa.'],
  ['setImmediate', 'setImmediate(() => {})', 'use setTimeout or queueMicrotask.'],
])('using %s fails and says what to do instead', { tags: ['EX-8', 'GU-5'] }, async (name, code, advice) => {
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({ success: false, error: { code: 'GUEST_ERROR', name: 'ReferenceError' } })
  expect(result).toHaveProperty('error.message', `${name} is not defined`)
  expect(result).toHaveProperty('error.hint', expect.stringContaining(advice))
})

test.each([
  `import fs from 'node:fs'\nfs.readFileSync('/etc/passwd')`,
  `const fs = await import('node:fs')`,
  `return import.meta.url`,
  `export * from 'node:fs'`,
  `import type { A } from './a'\nimport { b } from './b'`,
])('modules are refused before the code runs, with what to do instead: %s', { tags: ['EX-7'] }, async (code) => {
  const result = await suite.codemode.run(`console.log('ran')\n${code}`)
  expect(result).toMatchObject({ success: false, error: { code: 'SYNTAX_ERROR', name: 'SyntaxError' }, logs: [] })
  expect(result).toHaveProperty('error.message', expect.stringContaining('call a tool'))
  expect(result).toHaveProperty('error.details.line', expect.any(Number))
})

test('code made at run time cannot import either', { tags: ['EX-1'] }, async () => {
  const code = `try { return await new Function('return import("node:fs")')() } catch (error) { return error.constructor === TypeError || error instanceof Error }`
  expect(await value(code)).toBe(true)
})

test('the web globals work as on the web', { tags: ['EX-1'] }, async () => {
  const code = `
    const url = new URL('../b?x=1#h', 'https://user@example.com:8080/a/c')
    url.searchParams.append('y', 'ä ö')
    const bytes = new TextEncoder().encode('äß€😀')
    const copy = structuredClone({ date: new Date(0), map: new Map([[1, new Set([2])]]), bytes })
    const controller = new AbortController()
    const heard = []
    controller.signal.addEventListener('abort', (event) => heard.push(event.type, controller.signal.reason.name))
    controller.abort()
    return {
      href: url.href,
      host: url.host,
      text: new TextDecoder().decode(bytes),
      length: bytes.length,
      base64: [btoa('hello'), atob('aGVsbG8=')],
      copy: [copy.date.getTime(), copy.map.get(1).has(2), copy.bytes.length, copy.bytes !== bytes],
      heard,
      query: [...new URLSearchParams('a=1&a=2').getAll('a')],
      invalid: URL.canParse('no url'),
      uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()),
      random: new Set(crypto.getRandomValues(new Uint8Array(64))).size > 20,
      subtle: typeof crypto.subtle,
    }`
  expect(await value(code)).toEqual({
    href: 'https://user@example.com:8080/b?x=1&y=%C3%A4+%C3%B6#h',
    host: 'example.com:8080',
    text: 'äß€😀',
    length: 11,
    base64: ['aGVsbG8=', 'hello'],
    copy: [0, true, 11, true],
    heard: ['abort', 'AbortError'],
    query: ['1', '2'],
    invalid: false,
    uuid: true,
    random: true,
    subtle: 'undefined',
  })
})

test('the language is complete, with Intl', { tags: ['EX-1'] }, async () => {
  const code = `
    return [
      new Intl.NumberFormat('de-DE').format(1234567.891),
      ['z', 'ä', 'a'].toSorted(new Intl.Collator('de').compare).join(''),
      [...new Intl.Segmenter('en', { granularity: 'word' }).segment('Hi you')].length,
      new Intl.PluralRules('en', { type: 'ordinal' }).select(2),
      Object.groupBy([1, 2, 3], (n) => (n % 2 ? 'odd' : 'even')).odd.length,
      (2n ** 64n).toString(),
      'aXbX'.replaceAll('X', '-'),
      [...new Set([1, 2]).union(new Set([3]))].length,
      Temporal.PlainDate.from('2024-02-28').add({ days: 2 }).toString(),
    ]`
  expect(await value(code)).toEqual([
    '1.234.567,891',
    'aäz',
    3,
    'two',
    2,
    '18446744073709551616',
    'a-b-',
    3,
    '2024-03-01',
  ])
})

test('buffers cannot grow', { tags: ['EX-1'] }, async () => {
  const code = `
    const attempts = [
      () => new ArrayBuffer(8, { maxByteLength: 2 ** 30 }),
      () => new (new Uint8Array(1).buffer.constructor)(8, { maxByteLength: 2 ** 30 }),
      () => Reflect.construct(ArrayBuffer, [8, { maxByteLength: 2 ** 30 }], class extends ArrayBuffer {}),
      () => new ArrayBuffer(8).resize(2 ** 30),
    ]
    attempts.push(() => 'resizable' in new ArrayBuffer(8) || 'maxByteLength' in ArrayBuffer.prototype || (() => { throw new EvalError() })())
    return attempts.map((attempt) => { try { return attempt().resizable } catch (error) { return error.name } })`
  expect(await value(code)).toEqual(['RangeError', 'RangeError', 'RangeError', 'TypeError', 'EvalError'])
})

test(
  'each execution can change its own input, and can change nothing in context and config',
  { tags: ['TL-5', 'EX-1'] },
  async () => {
    const code = `
    input.list.push(3)
    const strict = (change) => { try { change(); return 'changed' } catch (error) { return error.name } }
    const changes = (function () {
      'use strict'
      return [
        strict(() => { context.clientId = 'x' }),
        strict(() => { context.more = 'x' }),
        strict(() => { delete context.clientId }),
        strict(() => { context.roles.push('admin') }),
        strict(() => { config.deep.er.value = 2 }),
        strict(() => { Object.setPrototypeOf(config, {}) }),
      ]
    })()
    return { input, context, config, changes }`
    const given = {
      input: { list: [1, 2] },
      context: { clientId: 'c1', roles: ['user'], __proto__: null },
      config: { deep: { er: { value: 1 } } },
    }
    expect(await suite.codemode.executeAsync(code, given)).toEqual({
      input: { list: [1, 2, 3] },
      context: { clientId: 'c1', roles: ['user'] },
      config: given.config,
      changes: Array.from({ length: 6 }, () => 'TypeError'),
    })
    expect(await value('return { input, context, config }')).toEqual({ input: null, context: {}, config: {} })
    expect(given.input).toEqual({ list: [1, 2] })
  },
)

test('no execution sees changes that another makes to its globals', { tags: ['EX-2'] }, async () => {
  await value(`globalThis.left = 1; Array.prototype.left = 1; Math.random = () => 4; delete globalThis.tools; return 1`)
  expect(await value('return [typeof left, typeof [].left, Math.random() < 1, typeof tools]')).toEqual([
    'undefined',
    'undefined',
    true,
    'object',
  ])
})

test('DOMException is an error wherever errors count', { tags: ['EX-1'] }, async () => {
  const code = `
    const controller = new AbortController(); controller.abort()
    const { reason } = controller.signal
    const copy = structuredClone({ reason }).reason
    return {
      is: [Error.isError(reason), reason instanceof Error, reason instanceof DOMException, Error.isError(copy), copy instanceof DOMException],
      copy: [copy.name, copy.message, copy.code],
      stack: reason.stack.split('\\n')[0],
      asData: reason,
    }`
  expect(await value(code)).toEqual({
    is: [true, true, true, true, true],
    copy: ['AbortError', 'This operation was aborted', 20],
    stack: 'AbortError: This operation was aborted',
    asData: { name: 'AbortError', message: 'This operation was aborted', code: 20 },
  })
  expect(await suite.codemode.run(`throw new DOMException('gone', 'NotFoundError')`)).toMatchObject({
    success: false,
    error: { code: 'GUEST_ERROR', name: 'NotFoundError', message: 'gone' },
  })
})

test.each([
  ['() => 1', '() => 1 could not be cloned.'],
  ['{ f() {} }', 'f() {} could not be cloned.'],
  ['Symbol("s")', 'Symbol(s) could not be cloned.'],
  ['new WeakMap()', '#<WeakMap> could not be cloned.'],
  ['[Promise.resolve()]', '#<Promise> could not be cloned.'],
  ['new Map().keys()', '#<Iterator> could not be cloned.'],
  ['(function* () {})()', '#<Generator> could not be cloned.'],
  [`new URL('http://a')`, '#<URL> could not be cloned.'],
  ['new AbortController().signal', '#<AbortSignal> could not be cloned.'],
  ['Temporal.Now.instant()', '#<Temporal.Instant> could not be cloned.'],
  ['(function () { return arguments })(1)', '#<Object> could not be cloned.'],
  ['(function () { "use strict"; return { a: arguments } })(1)', '#<Object> could not be cloned.'],
  ['arguments', '#<Object> could not be cloned.'],
  ['globalThis', '#<Object> could not be cloned.'],
  [
    'async () => { main(); async function main() {} }',
    'async () => { main(); async function main() {} } could not be cloned.',
  ],
  ['new Intl.Collator()', '#<Intl.Collator> could not be cloned.'],
])('structuredClone refuses %s', { tags: ['EX-1'] }, async (source, message) => {
  const code = `try { return structuredClone(${source}) } catch (e) { return [e.name, e.code, Error.isError(e), e.message] }`
  expect(await value(code)).toEqual(['DataCloneError', 25, true, message])
})

test.each([
  ['{ callee: 1, [Symbol.iterator]: 2 }', { callee: 1 }],
  ['[...(function () { return arguments })(1, 2)]', [1, 2]],
  ['{ ...(function () { return arguments })(1, 2) }', { 0: 1, 1: 2 }],
  ['Math', {}],
])('structuredClone copies %s as in Node', { tags: ['EX-1'] }, async (source, copy) => {
  expect(await value(`return structuredClone(${source})`)).toEqual(copy)
})

test('TextDecoder names the encodings that exist', { tags: ['EX-1'] }, async () => {
  const code = `try { new TextDecoder('gbk') } catch (e) { return [e.name, e.code, e.message] }`
  expect(await value(code)).toEqual([
    'RangeError',
    'ERR_ENCODING_NOT_SUPPORTED',
    'The "gbk" encoding is not supported. The supported encodings are utf-8, utf-16le, utf-16be and windows-1252 (latin1).',
  ])
})
