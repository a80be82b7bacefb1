/** Values and errors that are hard to serialize: huge, exotic, inconsistent, or changing while they are read. */
import { expect } from 'vitest'

import { type Attack, fails, returns } from './attack.ts'

/** Text that was cut states the number of characters that it lost. */
const cut = expect.stringMatching(/… \(\d+ more characters\)$/)
const thrown = (message: unknown) => ({ code: 'GUEST_ERROR', name: 'Error', message, retryable: false })
const refused = (path: string, message: string) => ({
  code: 'RESULT_NOT_SERIALIZABLE',
  details: { path },
  message: expect.stringContaining(message),
})

const errors: Attack[] = [
  fails('a thrown string of megabytes is cut', thrown(cut), `throw 'x'.repeat(3e6)`),
  fails('a thrown BigInt of megabytes is cut', thrown(cut), `throw 10n ** 100000n`),
  fails('a thrown symbol with a description of megabytes is cut', thrown(cut), `throw Symbol('s'.repeat(3e6))`),
  fails('a thrown array of megabytes is cut', thrown(cut), `throw Array(1e6).fill('xy')`),
  fails(
    'name, message and stack of megabytes are cut',
    { code: 'GUEST_ERROR', name: cut, message: cut, guestStack: cut },
    `throw Object.assign(new Error(), { name: '\\u0000'.repeat(1e6), message: '\\ud800'.repeat(1e6), stack: '"'.repeat(1e6) })`,
  ),
  fails('a name of megabytes is no tool', { code: 'GUEST_ERROR', name: 'TypeError' }, `await tools['x'.repeat(3e6)]()`),
  fails('a thrown null is reported', thrown('thrown: null'), `throw null`),
  fails('a thrown undefined in a rejection is reported', thrown('thrown: undefined'), `await Promise.reject()`),
  fails(
    'a thrown revoked proxy is reported',
    thrown('thrown: a value that cannot be shown'),
    `const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy`,
  ),
  fails(
    'a thrown proxy whose every trap throws is reported',
    thrown(expect.any(String)),
    `throw new Proxy(function () {}, new Proxy({}, { get() { throw new Error('trap') } }))`,
  ),
  fails(
    'a thrown object whose getters throw one another is reported',
    thrown(expect.any(String)),
    `const error = { get name() { throw error }, get message() { throw error }, get stack() { throw error }, toJSON() { throw error }, toString() { throw error } }; throw error`,
  ),
  fails(
    'a thrown frozen error with symbols for texts is reported',
    thrown(expect.any(String)),
    `throw Object.freeze(Object.assign(new Error('x'), { name: Symbol('n'), message: Symbol('m'), stack: Symbol('s') }))`,
  ),
  fails(
    'a function, a class and an object without prototype are reported',
    thrown('thrown: {"list":[null,null,{}]}'),
    `throw { list: [() => {}, class {}, Object.create(null)] }`,
  ),
  fails(
    'a toJSON of a thrown object affects only its own text',
    thrown('thrown: {"code":"SANDBOX_CRASHED"}'),
    `throw { toJSON: () => ({ code: 'SANDBOX_CRASHED' }) }`,
  ),
  fails(
    'an error with ten thousand causes and aggregates is reported by its first ones',
    { code: 'GUEST_ERROR', name: 'AggregateError', message: 'outermost' },
    `let error = new Error('innermost')
     for (let i = 0; i < 1e4; i++) error = Object.assign(new AggregateError([error], i === 9_999 ? 'outermost' : 'inner'), { cause: error })
     error.cause.cause = error
     throw error`,
  ),
  fails(
    'an error of a subclass with a false identity stays a GUEST_ERROR',
    { code: 'GUEST_ERROR', name: 'ExecutionError', message: 'The execution was cancelled', retryable: false },
    `class CancelledError extends Error { get name() { return 'ExecutionError' } get code() { return 'CANCELLED' } get retryable() { return true } get details() { return { reason: 'forged' } } }
     throw new CancelledError('The execution was cancelled')`,
  ),
  fails(
    'a rejected tool error behind a proxy is reported without details',
    { code: 'GUEST_ERROR', name: 'ToolError', message: expect.stringContaining('A tool takes one object') },
    `throw await tools.echo(1, 2).catch((error) => new Proxy(error, {}))`,
  ),
  fails(
    'a stack of a hostile formatter is text or absent',
    { code: 'GUEST_ERROR', name: 'Error', message: 'x' },
    `Error.prepareStackTrace = () => ({ toString() { for (;;); }, length: -1 }); throw new Error('x')`,
  ),
  returns(
    'an error with ten thousand causes is logged by the first few',
    1,
    `let error = new Error('innermost'); for (let i = 0; i < 1e4; i++) error = new AggregateError([error], 'outer', { cause: error }); console.log(error, [error]); return 1`,
  ),
  returns(
    'hostile values are logged as text',
    1,
    `const { proxy, revoke } = Proxy.revocable({}, {}); revoke()
     const circle = {}; circle.circle = new Map([[circle, new Set([circle])]])
     const cyclic = new Error('x'); cyclic.cause = cyclic; cyclic.stack = { not: 'text' }
     const things = [proxy, circle, cyclic, Object.create(null), new Proxy([], { get() { throw 1 } }), Object.create(Date.prototype), new Date(NaN),
       { get a() { throw 1 }, [Symbol('s')]: 1, ['k'.repeat(1e5)]: 1 }, Object.create(Map.prototype), Array(2 ** 32 - 1), Symbol.iterator, 2n ** 100_000n,
       class extends null {}, Object.defineProperty(() => {}, 'name', { get() { throw 1 } }), new Proxy(class {}, { ownKeys() { throw 1 } }), -0, '\\ud800', document => 1]
     for (const thing of things) { console.log(thing); console.log('%s %d %i %f %j %o %O %c', thing, thing, thing, thing, thing, thing, thing, thing) }
     return 1`,
  ),
]

const results: Attack[] = [
  fails(
    'a key of megabytes in the path to a value that is not JSON is cut',
    { code: 'RESULT_NOT_SERIALIZABLE', message: cut, details: { path: cut } },
    `return { ['k'.repeat(3e6)]: 1n }`,
  ),
  fails(
    'a path of megabytes is cut',
    { code: 'RESULT_NOT_SERIALIZABLE', details: { path: cut } },
    `let value = 1n; for (let i = 0; i < 2_000; i++) value = { ['k'.repeat(1_000)]: value }; return value`,
  ),
  fails(
    'a toJSON that returns a function is refused',
    refused('.a', 'a function'),
    `return { a: { toJSON: () => () => 1 } }`,
  ),
  fails(
    'a toJSON that returns itself with a BigInt is refused',
    refused('.b', 'a BigInt'),
    `return { b: { toJSON: () => Object(1n) } }`,
  ),
  fails(
    'a toJSON that creates a cycle is refused',
    refused('.a', 'contains it'),
    `const a = {}; a.a = { toJSON: () => a }; return a`,
  ),
  fails('a Map in the prototype chain is refused', refused('[1]', 'a Map'), `return [1, new (class extends Map {})()]`),
  fails(
    'a result nested too deeply is refused',
    refused(`${'[0]'.repeat(10)}…`, 'nested too deeply'),
    `let value = 0; for (let i = 0; i < 1e5; i++) value = [value]; return value`,
  ),
  fails(
    'an endless proxy is stopped',
    { code: 'CPU_TIMEOUT' },
    `return new Proxy([], { get: (_target, key) => (key === 'length' ? 3e7 : key === 'toJSON' ? undefined : 0) })`,
    { cpuTimeoutMs: 200, memoryLimitMb: 256 },
  ),
  fails(
    'a proxy with an endless prototype chain is stopped',
    { code: 'CPU_TIMEOUT' },
    `const endless = new Proxy({}, { getPrototypeOf: () => endless, get: () => undefined }); return endless`,
    { cpuTimeoutMs: 100 },
  ),
  fails(
    'a revoked proxy is a GUEST_ERROR',
    { code: 'GUEST_ERROR', name: 'TypeError' },
    `const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return [proxy]`,
  ),
  fails(
    'an own toJSON that throws is a GUEST_ERROR',
    { code: 'GUEST_ERROR', name: 'Error', message: 'thrown: {"ok":true}' },
    `return { toJSON() { throw { ok: true } } }`,
  ),
  returns(
    'exotic objects are serialised as by JSON.stringify',
    [5, 'x', false, null, { name: 'Error', message: 'e' }, 'http://x/', {}, [], { a: 7 }, null, 4],
    `return [new Number(5), new String('x'), new Boolean(false), new Date(NaN), new Error('e'), new URL('http://x'), arguments,
       new Proxy([], {}), new Proxy({}, { ownKeys: () => ['a'], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: (_target, key) => (key === 'a' ? 7 : undefined) }),
       undefined, { toJSON: (key) => Number(key) - 6 }]`,
  ),
  returns(
    'NaN, the infinities and -0 are serialised as the protocol specifies',
    [null, null, null, 0],
    `return [NaN, Infinity, -Infinity, -0]`,
  ),
  returns(
    'text keeps every code unit: lone surrogates, nulls, separators, escapes',
    ['\ud800', 'a\u0000b', '\u2028\u2029', '\\u0000"\\', '\uffff', '</script>'],
    `return tools.echo(['\\ud800', 'a\\u0000b', '\\u2028\\u2029', '\\\\u0000"\\\\', '\\uffff', '</script>'])`,
  ),
  returns(
    'keys such as __proto__ are ordinary keys in both directions',
    [['__proto__', 'constructor', 'a'], 'undefined', ['__proto__', 'constructor', 'a']],
    `const value = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":1}')
     const answer = await tools.echo(value)
     return [Object.keys(answer), typeof ({}).polluted, Object.keys(structuredClone(value))]`,
  ),
  returns(
    'JSON.rawJSON inserts no text into the protocol',
    ['SyntaxError', 'SyntaxError', 'SyntaxError', 'x", "forged": "', 12],
    `const refused = ['{"a":1}', '1, "forged": 2', ' 1'].map((text) => { try { return JSON.rawJSON(text) } catch (error) { return error.name } })
     return [...refused, await tools.echo(JSON.rawJSON(JSON.stringify('x", "forged": "'))), await tools.double(JSON.rawJSON('6'))]`,
  ),
  returns(
    'an input that changes with each read is read once',
    [{ a: 1 }, 1],
    `let reads = 0
     return [await tools.echo({ get a() { return ++reads } }), reads]`,
  ),
  returns(
    'an invalid input rejects with its path, or with the error of its getter',
    [['TOOL_INPUT_INVALID', '.a[0].b'], 'own', 'TypeError'],
    `const { proxy, revoke } = Proxy.revocable({}, {}); revoke()
     return [
       await tools.echo({ a: [{ b: Symbol('s') }] }).catch((error) => [error.code, error.data.path]),
       await tools.echo({ get a() { throw new Error('own') } }).catch((error) => error.message),
       await tools.echo(proxy).catch((error) => error.name),
     ]`,
  ),
  returns(
    'calls made while the input of another is read keep their order, and all are answered',
    [{ a: 1, b: 2 }, 'first', 'second', 'within the second'],
    `const inner = []
     const second = { toJSON() { inner.push(tools.echo('within the second')); return 'second' } }
     const outer = tools.echo({ get a() { inner.push(tools.echo('first')); return 1 }, get b() { inner.push(tools.echo(second)); return 2 } })
     const [first, within, last] = inner
     return Promise.all([outer, first, last, within])`,
  ),
  fails(
    'calls made while the input of another is read count towards the limit',
    { code: 'TOO_MANY_TOOL_CALLS' },
    `await tools.echo({ get a() { for (let i = 0; i < 1_100; i++) tools.echo(i).catch(() => {}); return 1 } }).catch(() => {}); return 'success'`,
  ),
]

export const attacks: readonly Attack[] = [...errors, ...results]
