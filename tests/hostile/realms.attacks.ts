/**
 * Attempts to reach originals, errors and values of another realm through the values that the bridge passes to the
 * guest.
 */
import { type Attack, returns } from './attack.ts'

export const attacks: readonly Attack[] = [
  returns(
    'no call site reveals the originals of Date, buffers and formats (vm2 CVE-2022-36067)',
    [],
    `Error.prepareStackTrace = (_error, sites) => sites
     const found = []
     const spy = { valueOf() {
       for (const site of new Error().stack) {
         const isOwn = String(site.getScriptNameOrSourceURL()).startsWith('code')
         for (const value of [site.getFunction(), site.getThis()])
           if (value !== undefined && (!isOwn || !(value === spy.valueOf || value === spy))) found.push(String(site))
       }
       return 1
     } }
     spy.toString = spy.valueOf
     new Date(spy, spy); new ArrayBuffer(spy); new Uint8Array({ length: spy, 0: spy }); Uint8Array.from([spy]); Date.UTC(spy)
     new Uint8Array(2).with(spy, spy); new ArrayBuffer(4).slice(spy); new Intl.DateTimeFormat('en').format(spy)
     new Intl.DateTimeFormat('en').formatToParts(spy); setTimeout(() => {}, spy); console.count(spy); new URL('http://x', spy.nothing)
     return found`,
  ),
  returns(
    'a stack that cannot be formatted throws the guest’s own error (vm2 GHSA-whpj-8f3w-67p5)',
    [true, true, true],
    `const errors = []
     for (const formatter of [Error.prepareStackTrace, undefined, null, () => { throw new TypeError('own') }, 7]) {
       Error.prepareStackTrace = formatter
       for (const name of [Symbol('s'), { [Symbol.toPrimitive]: () => ({}) }, new Proxy({}, {})]) {
         const error = new Error('x')
         error.name = name
         try { errors.push(error.stack) } catch (thrown) { errors.push(thrown) }
       }
     }
     const thrown = errors.filter((each) => typeof each === 'object')
     const texts = errors.filter((each) => typeof each === 'string')
     return [
       errors.length === 15,
       thrown.every((each) => each instanceof Error && each.constructor.constructor('return this')() === globalThis),
       texts.every((text) => !/node:|\\.ts|\\.js\\b/.test(text)),
     ]`,
  ),
  returns(
    'deleting Error.prepareStackTrace restores no formatter of the host',
    [true, true],
    `delete Error.prepareStackTrace
     const own = new Error('x').stack
     const failed = await tools.fails().catch((error) => error.stack)
     return [typeof own === 'string', !/node:|\\.[cm]?[jt]s\\b|isolated/.test(own + failed)]`,
  ),
  returns(
    'the object with the stack of a tool call has no other property',
    [['stack'], true],
    `const holders = []
     Error.prepareStackTrace = (holder, sites) => { holders.push(holder); return 'formatted' }
     await tools.fails().catch((error) => error.stack)
     const keys = new Set(holders.filter((each) => !(each instanceof Error)).flatMap((each) => Reflect.ownKeys(each)))
     return [[...keys], holders.every((each) => each instanceof Error || Object.getPrototypeOf(each) === null)]`,
  ),
  returns(
    'errors of tools that DisposableStack and using collect are the guest’s own (vm2: SuppressedError)',
    [['SuppressedError', 'TOOL_ERROR', 'RangeError'], true],
    `const stack = new AsyncDisposableStack()
     stack.defer(() => tools.fails())
     stack.defer(() => { throw (function deep() { try { return deep() } catch (error) { return error } })() })
     const caught = await stack.disposeAsync().catch((error) => error)
     const realm = (error) => error.constructor.constructor('return this')() === globalThis
     return [[caught.name, caught.error.code, caught.suppressed.name], [caught, caught.error, caught.suppressed].every(realm)]`,
  ),
  returns(
    'the errors in the AggregateError of Promise.any are the guest’s own',
    [2, true],
    `const { errors } = await Promise.any([tools.fails(), tools.echo(1, 2)]).catch((error) => error)
     return [errors.length, errors.every((error) => Object.getPrototypeOf(error) === ToolError.prototype
       && Object.getPrototypeOf(ToolError.prototype) === Error.prototype)]`,
  ),
  returns(
    'an async generator that returns a thenable which overflows gets the guest’s own error (vm2: yield* and return)',
    [true, true],
    `const overflow = () => overflow()
     const inner = { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }) }) }
     async function* outer() { try { yield* inner } finally {} }
     const caught = []
     for (const then of [overflow, () => { throw new Error('x') }, () => new URL('none')]) {
       const generator = outer()
       await generator.next()
       await generator.return({ then }).then((step) => caught.push(step.value), (error) => caught.push(error))
     }
     return [caught.length > 0, caught.every((error) => !(error instanceof Error) || error.constructor.constructor === Function)]`,
  ),
  returns(
    'answers of tools, and objects made of them by species, have the guest’s own prototypes',
    [[], true],
    `const answer = await tools.echo({ list: [[1], { a: [] }], text: 'x', none: null })
     const foreign = []
     const walk = (value, path) => {
       if (typeof value !== 'object' || value === null) return
       const expected = Array.isArray(value) ? Array.prototype : Object.prototype
       if (Object.getPrototypeOf(value) !== expected) foreign.push(path)
       for (const key of Reflect.ownKeys(value)) walk(value[key], path + '.' + String(key))
     }
     walk(answer, '')
     const { list } = answer
     list.constructor = { [Symbol.species]: function () { return list } }
     return [foreign, list.map((each) => each) === list && list.concat([7]) === list && list.constructor.constructor === Object]`,
  ),
  returns(
    'the prototype chain of __lookupGetter__ ends at the guest’s Object.prototype (vm2: identity leak)',
    [true],
    `const up = ({}).__lookupGetter__('__proto__')
     const ends = [tools, tools.echo, console.log, setTimeout, input, context, new URL('http://x'), tools.echo(1), performance].map((value) => {
       let each = Object(value)
       for (let next; (next = up.call(each)) !== null;) each = next
       return each
     })
     return [ends.every((each) => each === Object.prototype)]`,
  ),
  returns(
    'nothing reads the symbols of Node’s inspect and promisify (vm2 CVE-2023-37903)',
    [],
    `const asked = []
     const trap = new Proxy({}, { get(_target, key) { if (typeof key === 'symbol') asked.push(key.description); return undefined } })
     const names = ['nodejs.util.inspect.custom', 'nodejs.util.promisify.custom', 'nodejs.rejection', 'nodejs.dispose']
     for (const name of names) for (const holder of [Object.prototype, Function.prototype, Error.prototype, Promise.prototype])
       Object.defineProperty(holder, Symbol.for(name), { get() { asked.push(name); return (...args) => args }, configurable: true })
     console.log(trap, '%o %O %s', {}, new Error('x'), () => {})
     await tools.echo({ a: [1] })
     return asked.filter((name) => String(name).startsWith('nodejs'))`,
  ),
  returns(
    'an inherited getter of a tool, or of tools, has no object of the runtime as its this',
    [true, true, true],
    `for (const { prototype } of [Object, Function])
       Object.defineProperty(prototype, 'self', { get() { 'use strict'; return this }, configurable: true })
     const { self } = tools
     return [self === tools, tools.echo.self === tools.echo, Reflect.get(tools, 'self', 7) === 7]`,
  ),
  returns(
    'no construction gives a buffer that can grow or a constructor for one',
    [[], true],
    `const options = { maxByteLength: 2 ** 16 }
     const own = class extends ArrayBuffer {}
     const routes = [
       () => new ArrayBuffer(8, options), () => Reflect.construct(ArrayBuffer, [8, options], Date),
       () => Reflect.construct(Object.getPrototypeOf(own), [8, options]), () => new own(8, options),
       () => new (new Uint8Array(1).buffer.constructor)(8, options), () => new ArrayBuffer[Symbol.species](8, options),
       () => new (structuredClone(new ArrayBuffer(1)).constructor)(8, options),
       () => new (Uint8Array.from([1]).buffer.constructor)(8, options),
       () => new (Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'constructor').value)(8, options),
       () => new (new TextEncoder().encode('x').buffer.constructor)(8, options),
       () => new (new DataView(new ArrayBuffer(1)).buffer.constructor)(8, options),
       () => new (new ArrayBuffer(8).transfer().constructor)(8, options),
       () => Reflect.apply(Reflect.construct, null, [ArrayBuffer, [8, options], ArrayBuffer]),
       () => new (new Proxy(ArrayBuffer, {}))(8, options), () => new (ArrayBuffer.bind(null, 8, options))(),
     ]
     const grown = routes.filter((route) => { try { return route().resizable !== false } catch (error) { return error.name !== 'RangeError' } })
     return [grown.map(String), new Uint8Array(1).buffer.constructor === ArrayBuffer]`,
  ),
  returns(
    'names of tools with a special meaning elsewhere are ordinary names',
    ['undefined'],
    `const names = ['__proto__x', 'prototype', 'emit', 'deliver', '../echo', 'echo\\u0000', 'echo\\n', ' echo', 'Echo', '\\ud800', 'hold', '*', '', '0']
     return [...new Set(names.map((name) => typeof tools[name]))]`,
  ),
  returns(
    'a message of the protocol is plain data to a tool, and call ids of others are not names',
    [{ type: 'answer', call: 1, ok: true, text: '"forged"' }, { type: 'end', ok: true, result: '1' }, [], 'undefined'],
    `return [
       await tools.echo({ type: 'answer', call: 1, ok: true, text: '"forged"' }),
       await tools.echo({ type: 'end', ok: true, result: '1' }),
       Reflect.ownKeys(globalThis).map(String).filter((name) => /hold|exe_/.test(name)),
       typeof tools.hold,
     ]`,
  ),
  returns(
    'the accessors of the lazy globals return the same value to any receiver, before and after',
    [true, true, 5],
    `const get = (name) => Object.getOwnPropertyDescriptor(globalThis, name).get
     const first = get('URL').call(null)
     const second = get('TextEncoder').apply(new Proxy({}, { get() { throw 1 } }))
     const { set } = Object.getOwnPropertyDescriptor(globalThis, 'crypto')
     set.call({}, 5)
     return [first === URL, second === TextEncoder, crypto]`,
  ),
  returns(
    'the host’s URL parser treats its input as text (prototype keys, separators, lone surrogates)',
    [[], 'http://x/'],
    `Object.prototype.error = 'forged'
     Array.prototype.toJSON = String.prototype.toJSON = () => ['http://forged/']
     const texts = ['__proto__', 'constructor', '"]', '\\\\', '\\ud800', '\\u0000', '\\u2028', 'file:///etc/passwd', 'data:text/javascript,1', 'x'.repeat(1e5)]
     const wrong = texts.filter((text) => {
       for (const act of [() => new URL(text), () => new URL(text, 'http://x/'), () => new URLSearchParams(text).toString()]) {
         try { if (String(act()).includes('forged')) return true } catch (error) { if (error.constructor !== TypeError) return true }
       }
       const url = new URL('http://x/')
       for (const part of ['href', 'protocol', 'host', 'port', 'search', 'hash', 'username'])
         try { url[part] = text } catch (error) { if (error.constructor !== TypeError) return true }
       return false
     })
     delete Array.prototype.toJSON
     return [wrong, new URL('http://x').href]`,
  ),
]
