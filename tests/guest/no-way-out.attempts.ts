import { expect } from 'vitest'

import type { ExecuteOptions } from '@codemode/client'

interface Attempt {
  readonly title: string
  readonly code: string
  /** What the execution must come to. */
  readonly ends: { readonly result: unknown } | { readonly error: unknown }
  readonly options?: ExecuteOptions
}

const returns = (title: string, result: unknown, code: string, options?: ExecuteOptions): Attempt => ({
  title,
  code,
  ends: { result },
  ...(options && { options }),
})
const fails = (title: string, error: Record<string, unknown>, code: string, options?: ExecuteOptions): Attempt => ({
  title,
  code,
  ends: { error: expect.objectContaining(error) },
  ...(options && { options }),
})
const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

/** What a global of the host would be known by. */
const hostNames = `['process', 'require', 'module', 'Buffer', 'global', 'ivm', 'isolated_vm', 'Reference', 'ExternalCopy',
  'Isolate', '_ivm', 'fetch', 'Deno', 'Bun', '$0', '__dirname', 'emit', 'deliver', 'p', 'state', 'host', 'urlHost', 'loadWeb']`

const toTheHost: Attempt[] = [
  returns(
    'the constructor chain of any value ends in the guest’s own globals',
    repeat(12, true),
    `const values = [[], {}, 1, '', () => {}, async () => {}, function* () {}, tools, tools.echo, console.log, input, context]
     return values.map((value) => Object(value).constructor.constructor('return this')() === globalThis
       || value.constructor.constructor('return globalThis')().globalThis === globalThis
       || Object.getPrototypeOf(value).constructor.constructor === Function)`,
  ),
  returns(
    'Function, AsyncFunction, eval and their kin make code of the guest’s own realm',
    [...repeat(5, true), ...repeat(23, 'undefined')],
    `const Async = (async () => {}).constructor
     const Generator = (function* () {}).constructor
     const own = [
       Function('return this')(), (0, eval)('this'), await Async('return globalThis')(), Generator('yield this')().next().value,
       new Function('return eval("this")')(),
     ].map((scope) => scope === globalThis)
     return [...own, ...${hostNames}.map((name) => Function('return typeof ' + name)())]`,
  ),
  returns(
    'nothing that can be reached from globalThis is another realm’s or the bridge’s',
    [],
    `const seen = new Set()
     const found = []
     const queue = [['globalThis', globalThis], ['tools.echo', tools.echo], ['arguments', arguments], ['error', new Error('x')],
       ['call', tools.echo(1)], ['generator', (function* () {})()], ['iterator', [][Symbol.iterator]()]]
     for (const name of Object.getOwnPropertyNames(globalThis)) queue.push([name, globalThis[name]])
     const names = /^(Reference|Callback|ExternalCopy|Isolate|Context|Module|Script|process|NativeModule)$/
     while (queue.length > 0) {
       const [path, value] = queue.pop()
       if ((typeof value !== 'object' || value === null) && typeof value !== 'function') continue
       if (seen.has(value)) continue
       seen.add(value)
       let root = value
       for (let next; (next = Object.getPrototypeOf(root)) !== null; root = next) queue.push([path + '.__proto__', next])
       if (root !== Object.prototype && Object.getPrototypeOf(value) !== null && root !== value) found.push(path + ': another root')
       if (typeof value === 'function' && names.test(value.name)) found.push(path + ': ' + value.name)
       if (names.test(Object.prototype.toString.call(value).slice(8, -1))) found.push(path)
       for (const key of Reflect.ownKeys(value)) {
         if (['applySync', 'copySync', 'derefInto', 'applyIgnored', 'runSync', 'mainModule'].includes(key)) found.push(path + '.' + String(key))
         const { value: item, get, set } = Reflect.getOwnPropertyDescriptor(value, key) ?? {}
         for (const each of [item, get, set]) queue.push([path + '.' + String(key), each])
       }
     }
     return seen.size > 500 ? found : ['the search was too short: ' + seen.size]`,
  ),
  returns(
    'the source of every builtin function names no file and no secret of the host',
    [],
    `const texts = [console.log, setTimeout, sleep, tools.echo, URL, structuredClone, Date, Error.prepareStackTrace].map(String)
     return texts.filter((text) => /\\/work|node_modules|file:|canary/i.test(text))`,
  ),
  returns(
    'Error.prepareStackTrace sees no function, receiver or file of the runtime (vm2 CVE-2022-36067)',
    [],
    `Error.prepareStackTrace = (_error, sites) => sites
     const sites = [...new Error('x').stack]
     console.log({ get [Symbol.toStringTag]() { sites.push(...new Error('x').stack) } })
     await tools.fails().catch((error) => { if (Array.isArray(error.stack)) sites.push(...error.stack) })
     new URL('http://x/')
     try { structuredClone(() => {}) } catch (error) { if (Array.isArray(error.stack)) sites.push(...error.stack) }
     return sites.filter((site) => {
       const isOwn = !String(site.getScriptNameOrSourceURL()).startsWith('codemode:')
       const leaked = [site.getThis(), site.getFunction()].some((value) => value !== undefined)
       return (!isOwn && leaked) || /\\/|node:|file:/.test(site.getFileName() ?? '')
     }).map(String)`,
  ),
  returns(
    'what Error.prepareStackTrace throws or returns stops no answer',
    ['TOOL_ERROR', 'TOOL_NOT_ALLOWED'],
    `const code = (error) => error.code
     Error.prepareStackTrace = () => { throw new Error('boo') }
     const first = await tools.fails().catch(code)
     Error.prepareStackTrace = () => ({ get length() { throw 1 } })
     return [first, await tools.none().catch(code)]`,
  ),
  returns(
    'Error.captureStackTrace and a huge stackTraceLimit show no frame of the host (vm2 CVE-2023-29199)',
    [],
    `Error.stackTraceLimit = Infinity
     const holder = {}
     Error.captureStackTrace(holder)
     return holder.stack.split('\\n').slice(1).filter((line) => !/at (async )?code:/.test(line))`,
  ),
  fails(
    'arguments.callee.caller is out of reach',
    { code: 'GUEST_ERROR', name: 'TypeError' },
    'return arguments.callee.caller',
  ),
  returns(
    'a sloppy function that the runtime calls sees no caller and no arguments of it',
    repeat(3, 'null'),
    `const seen = []
     function spy() { seen.push(String(spy.caller)); return 1 }
     await tools.echo({ toJSON: spy })
     await new Promise((done) => setTimeout(function timer() { seen.push(String(timer.caller)); done() }))
     await new Promise((done) => queueMicrotask(function job() { seen.push(String(job.caller)); done() }))
     return seen`,
  ),
  returns(
    'the code’s own function has no arguments and the guest’s this',
    [0, true],
    'return [arguments.length, this === globalThis]',
  ),
  returns(
    'an error out of the bridge is the guest’s own (vm2 CVE-2019-10761: overflow on the way to the host)',
    [true, true, true],
    `const errors = new Set()
     const deep = (act) => { try { act() } catch (error) { errors.add(error) } ; deep(act) }
     for (const act of [() => new URL('http://x/'), () => console.log(''), () => setTimeout(() => {}, 1e6)])
       try { deep(act) } catch (error) { errors.add(error) }
     const list = [...errors]
     return [
       list.length > 0,
       list.every((error) => error.constructor === RangeError && Object.getPrototypeOf(error) === RangeError.prototype),
       list.every((error) => error.constructor.constructor('return this')() === globalThis),
     ]`,
    { cpuTimeoutMs: 4_000 },
  ),
  returns(
    'an error of the host’s URL parser arrives as the guest’s own TypeError',
    [true, true, 'Invalid URL', 'ERR_INVALID_URL'],
    `try { new URL('\\ud800:// ') } catch (error) {
       return [error.constructor === TypeError, error instanceof Error, error.message, error.code]
     }`,
  ),
  returns(
    'import() in code made at run time is refused by an error of the guest’s own',
    repeat(3, true),
    `const sources = ['import("node:fs")', 'import("data:text/javascript,1")', 'import("isolated-vm")']
     return Promise.all(sources.map((source) => (0, eval)(source).then(() => 'imported', (error) => error instanceof Error
       && error.constructor.constructor('return this')() === globalThis)))`,
  ),
]

const throughTampering: Attempt[] = [
  returns(
    'a replaced Promise.prototype.then sees only the guest’s promises (vm2 CVE-2023-32314)',
    [{ a: 1 }, 'object'],
    `const { then } = Promise.prototype
     const caught = []
     Promise.prototype.then = function (...handlers) { caught.push(this, ...handlers.map(String)); return then.apply(this, handlers) }
     const answer = await tools.echo({ a: 1 })
     if (caught.some((each) => typeof each === 'string' && /emit|ending|state/.test(each))) return 'a handler of the runtime'
     return [answer, typeof caught]`,
  ),
  returns(
    'a Promise.prototype.constructor that is no constructor changes nothing',
    1,
    'Promise.prototype.constructor = 5; return 1',
  ),
  returns(
    'a species that throws changes nothing',
    [1, { a: 1 }],
    `Object.defineProperty(Promise, Symbol.species, { get() { throw new Error('species') } })
     queueMicrotask(() => {})
     return [1, await tools.echo({ a: 1 })]`,
  ),
  returns(
    'a species of its own gets no handler of the runtime (vm2 CVE-2023-37466)',
    [],
    `const got = []
     class Spy extends Promise { constructor(executor) { super(executor); got.push(String(executor)) } }
     Object.defineProperty(Promise, Symbol.species, { get() { got.push('asked'); return Spy } })
     queueMicrotask(() => {})
     await tools.echo(1)
     await sleep(1)
     return got`,
  ),
  returns(
    'Function.prototype.call, apply and bind, Reflect and JSON of the guest’s own making are not used',
    [{ a: 1 }, 'TOOL_ERROR', 'http://x/'],
    `const taken = () => { throw new Error('taken') }
     Function.prototype.call = Function.prototype.apply = Function.prototype.bind = taken
     const names = Object.getOwnPropertyNames
     for (const holder of [Reflect, JSON, Object, Math, Number, String, Array]) {
       for (const name of names(holder)) try { holder[name] = taken } catch {}
     }
     const answer = await tools.echo({ a: 1 })
     let code
     try { await tools.fails() } catch (error) { code = error.code }
     console.log('still', { works: [1] })
     return [answer, code, new URL('http://x').href]`,
  ),
  returns(
    'Map, Set, WeakMap and String methods of the guest’s own making see nothing',
    [[], { a: 1 }, 'TOOL_ERROR'],
    `const seen = []
     for (const { prototype } of [Map, Set, WeakMap, WeakSet]) {
       for (const name of ['get', 'set', 'has', 'add', 'delete', 'forEach']) {
         if (name in prototype) prototype[name] = function (...args) { seen.push(name); return undefined }
       }
     }
     String.prototype.slice = String.prototype.startsWith = String.prototype.indexOf = () => { seen.push('string'); return '' }
     Array.prototype.push = Array.prototype.join = Array.prototype.pop = function () { seen[seen.length] = 'array' }
     const answer = await tools.echo({ a: 1 })
     let code
     try { await tools.fails() } catch (error) { code = error.code }
     setTimeout(() => {}, 1); console.log(new URLSearchParams('a=1'))
     return [seen, answer, code]`,
  ),
  returns(
    'setters and getters on Object.prototype see nothing of the runtime',
    [[], { a: [1] }, 'TOOL_ERROR', ['echo', 'fails', 'github']],
    `const seen = []
     for (const name of ['0', '1', 'tool', 'resolve', 'reject', 'stackHolder', 'code', 'callback', 'due', 'ok', 'host', 'get', 'set', 'value']) {
       Object.defineProperty(Object.prototype, name, {
         __proto__: null, configurable: true,
         get() { seen[seen.length] = 'get ' + name; return undefined },
         set(value) { seen[seen.length] = 'set ' + name },
       })
     }
     const answer = await tools.echo({ a: [1] })
     let code
     try { await tools.fails() } catch (error) { code = error.code }
     await sleep(1)
     const keys = Object.keys(tools)
     const taken = seen.filter((each) => !/get (get|set|value)$/.test(each))
     for (const name of ['0', '1', 'tool', 'resolve', 'reject', 'stackHolder', 'code', 'callback', 'due', 'ok', 'host', 'get', 'set', 'value']) delete Object.prototype[name]
     return [taken, answer, code, keys]`,
  ),
  returns(
    'an Array.prototype with iterators and index setters of its own changes no call',
    [1, 2, { a: [3] }],
    `Array.prototype[Symbol.iterator] = function* () { yield 'forged' }
     Object.defineProperty(Array.prototype, '0', { set() { throw new Error('set') }, configurable: true })
     return tools.echo([1, 2, { a: [3] }])`,
  ),
  returns(
    'a Proxy around tools or as an input learns no more than the guest knows',
    [['get', 'getOwnPropertyDescriptor', 'getPrototypeOf', 'ownKeys'], { a: 1 }],
    `const traps = []
     const spy = new Proxy({ a: 1 }, new Proxy({}, { get: (_t, trap) => (...args) => { traps.push(trap); return Reflect[trap](...args) } }))
     const answer = await tools.echo(spy)
     return [[...new Set(traps)].toSorted(), answer]`,
  ),
  returns(
    'the Proxy handler of tools can not be had through Reflect.construct, receivers or getOwnPropertyDescriptor',
    ['TypeError', 'function', true, []],
    `let name
     try { Reflect.construct(tools.echo, []) } catch (error) { name = error.name }
     const { value } = Object.getOwnPropertyDescriptor(tools, 'echo')
     return [name, typeof value, value === tools.echo, Reflect.ownKeys(tools.echo)]`,
  ),
  returns(
    'globals that are loaded lazily come whole after tampering',
    { href: 'http://x/?a=1', text: 'ä', base64: 'aGk=', reason: 'AbortError', uuid: 36, clone: 2 },
    `const taken = () => { throw new Error('taken') }
     Function.prototype.call = Function.prototype.apply = Function.prototype.bind = taken
     Object.defineProperty = Object.create = Object.freeze = Reflect.defineProperty = Reflect.apply = taken
     Symbol.prototype.toString = String.prototype.replace = RegExp.prototype.exec = taken
     Array.prototype.map = Array.prototype.push = Array.prototype[Symbol.iterator] = taken
     globalThis.Function = globalThis.Error = globalThis.TypeError = globalThis.Map = taken
     const url = new URL('http://x')
     url.searchParams.append('a', '1')
     const controller = new AbortController()
     controller.abort()
     return {
       href: url.href, text: new TextDecoder().decode(new TextEncoder().encode('ä')), base64: btoa('hi'),
       reason: controller.signal.reason.name, uuid: crypto.randomUUID().length, clone: structuredClone({ a: 2 }).a,
     }`,
  ),
  returns(
    'a Function constructor of the guest’s own never sees the source or the host of the web globals',
    [[], 'http://x/'],
    `const seen = []
     globalThis.Function = function (...args) { seen.push(args.length) }
     Function.prototype = (() => {}).__proto__
     Object.defineProperty((() => {}).__proto__, 'constructor', { get() { seen.push('constructor'); return Object } })
     return [seen, new URL('http://x').href]`,
  ),
  returns(
    'a wrapped console or timer is the guest’s own affair',
    ['log', 4],
    `const { log } = console
     const seen = []
     console.log = function (...args) { seen.push('log'); return log.apply(this, args) }
     console.log('x')
     globalThis.setTimeout = () => 4
     return [seen[0], setTimeout(() => {})]`,
  ),
]

const forgedEnds: Attempt[] = [
  returns(
    'Object.prototype.toJSON forges no outcome',
    1,
    `Object.prototype.toJSON = () => ({ ok: false, code: 'SANDBOX_CRASHED', name: 'Error', message: 'forged' }); return 1`,
  ),
  returns('Object.prototype.toJSON breaks no protocol', 1, `Object.prototype.toJSON = () => 7; return 1`),
  fails(
    'Object.prototype.toJSON forges no failure',
    { code: 'GUEST_ERROR', name: 'Error', message: 'real' },
    `Object.prototype.toJSON = () => ({ ok: true, result: '"forged"' }); throw new Error('real')`,
  ),
  fails(
    'Object.prototype.toJSON forges no details',
    { code: 'RESULT_NOT_SERIALIZABLE', details: { path: '' } },
    `Object.prototype.toJSON = () => ({ forged: true }); return Symbol('s')`,
  ),
  fails(
    'an error that names itself like the host’s stays the guest’s',
    { code: 'GUEST_ERROR', name: 'SandboxCrashed', message: 'Script execution timed out.', retryable: false },
    `throw Object.assign(new Error('Script execution timed out.'), { name: 'SandboxCrashed', code: 'CPU_TIMEOUT', retryable: true })`,
  ),
  returns(
    'a rejection that nobody handles forges no timeout',
    1,
    `Promise.reject(new Error('Script execution timed out.')); Promise.reject(new Error('Isolate was disposed during execution')); return 1`,
  ),
  returns('a result that looks like an error is a value', 'ERROR: CPU_TIMEOUT', `return 'ERROR: CPU_TIMEOUT'`),
  returns(
    'a result that looks like an outcome is a value',
    { success: false, error: { code: 'CANCELLED' }, executionId: 'exe_1' },
    `return { success: false, error: { code: 'CANCELLED' }, executionId: 'exe_1' }`,
  ),
  returns(
    'a thenable is awaited, and only what it resolves to counts',
    9,
    `return { then(resolve) { resolve(9); resolve(10) } }`,
  ),
  returns(
    'Object.prototype.then resolves to what the guest itself says',
    'own',
    `Object.prototype.then = (resolve) => resolve('own'); return {}`,
  ),
  fails(
    'a getter that throws in the result is the guest’s error',
    { code: 'GUEST_ERROR', name: 'TypeError', message: 'got' },
    `return { get a() { throw new TypeError('got') } }`,
  ),
  fails('a toJSON that never returns is stopped', { code: 'CPU_TIMEOUT' }, 'return { toJSON() { for (;;); } }', {
    cpuTimeoutMs: 100,
  }),
  fails(
    'a proxy that never returns is stopped',
    { code: 'CPU_TIMEOUT' },
    'return new Proxy({}, { ownKeys() { for (;;); } })',
    {
      cpuTimeoutMs: 100,
    },
  ),
  fails('a message that never returns is stopped', { code: 'CPU_TIMEOUT' }, 'throw { get message() { for (;;); } }', {
    cpuTimeoutMs: 100,
  }),
  fails(
    'the message of a lost rejection that never returns is stopped',
    { code: 'CPU_TIMEOUT' },
    'Promise.reject({ get message() { for (;;); } }); return 1',
    { cpuTimeoutMs: 100 },
  ),
  returns(
    'what the code does after its end has no effect',
    1,
    `Promise.resolve().then(async () => { for (let i = 0; i < 9; i++) { await null; console.log(i); tools.echo(i) } })
     return 1`,
  ),
  returns(
    'fields on Object.prototype pass for none of an error’s',
    ['TOOL_NOT_ALLOWED', null, false, 'ToolError'],
    `Object.prototype.code = 'FORGED'; Object.prototype.data = 1; Object.prototype.retryable = true
     try { await tools.none() } catch (error) { return [error.code, error.data ?? null, error.retryable, error.name] }`,
  ),
]

const syntax = { code: 'SYNTAX_ERROR', name: 'SyntaxError' }
const throughSource: Attempt[] = [
  fails('the source can not close its function', syntax, `})(); globalThis.out = 1; (async () => {`),
  fails('nor with a comma', syntax, `}), (async function () { return 1`),
  fails('nor its body', syntax, `} globalThis.out = 1; {`),
  fails('nor with an argument list', syntax, `}, this) + (function (`),
  fails('nor with a comment that stays open', syntax, `return 1 /*`),
  fails('nor with a template that stays open', syntax, 'return `${'),
  returns('an HTML-like comment at the end hides nothing that is added', 4, `result = 2 + 2 <!-- not more`),
  returns('nor at the start of a line', 4, `result = 4\n--> a comment`),
  returns('a line comment at the end hides nothing that is added', 4, `2 + 2 // the value`),
  returns('a hashbang is a comment', 4, `#!/usr/bin/env node\n2 + 2`),
  returns(
    'sourceURL comments do not name the code',
    ['code:2:18', 'code:3:8'],
    `//# sourceURL=codemode:runtime
const at = () => new Error('x').stack.match(/code:[0-9:]+/g)
return at()
//# sourceURL=/etc/passwd`,
  ),
  returns('a line separator ends a comment for all parsers alike', 5, `'\u2028' // not code \u2029 return 5`),
  fails(
    'code made at run time that calls itself the runtime’s is still the guest’s',
    { code: 'GUEST_ERROR', message: 'x', guestStack: expect.stringContaining('code:1:') },
    `(0, eval)('(function () { throw new Error("x") })\\n//# sourceURL=codemode:runtime')()`,
  ),
  returns(
    '"use strict" is just that',
    [true, 'ReferenceError'],
    `'use strict'; try { undeclared = 1 } catch (error) { return [this === globalThis || this === undefined, error.name] }`,
  ),
  returns(
    'a variable may be named like the runtime’s own',
    3,
    `const p = 1, state = 2, emit = () => p + state, createRuntime = emit; return createRuntime()`,
  ),
  fails(
    'an await that stands where none may is a syntax error, and nothing runs',
    syntax,
    `tools.echo(1); function f() { await 1 }`,
  ),
]

export const attempts: readonly Attempt[] = [...toTheHost, ...throughTampering, ...forgedEnds, ...throughSource]
