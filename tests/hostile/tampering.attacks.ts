/** Attempts to be called by the runtime, or to mislead it, by replacing builtins of the guest. */
import { type Attack, returns } from './attack.ts'

export const attacks: readonly Attack[] = [
  returns(
    'a replaced Promise.prototype.then receives only the guest’s promises (vm2 CVE-2023-32314)',
    [{ a: 1 }, 'object'],
    `const { then } = Promise.prototype
     const caught = []
     Promise.prototype.then = function (...handlers) { caught.push(this, ...handlers.map(String)); return then.apply(this, handlers) }
     const answer = await tools.echo({ a: 1 })
     if (caught.some((each) => typeof each === 'string' && /emit|ending|state/.test(each))) return 'a handler of the runtime'
     return [answer, typeof caught]`,
  ),
  returns(
    'a Promise.prototype.constructor that is not a constructor changes nothing',
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
    'a custom species gets no handler of the runtime (vm2 CVE-2023-37466)',
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
    'the runtime does not call replaced Function.prototype.call, apply and bind, Reflect and JSON',
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
    'the runtime does not call replaced methods of Map, Set, WeakMap and String',
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
    'setters and getters on Object.prototype receive nothing of the runtime',
    [[], { a: [1] }, 'TOOL_ERROR', ['echo', 'double', 'large', 'fails']],
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
    'an Array.prototype with custom iterators and index setters changes no call',
    [1, 2, { a: [3] }],
    `Array.prototype[Symbol.iterator] = function* () { yield 'forged' }
     Object.defineProperty(Array.prototype, '0', { set() { throw new Error('set') }, configurable: true })
     return tools.echo([1, 2, { a: [3] }])`,
  ),
  returns(
    'a Proxy around tools or as an input receives nothing that the guest does not know',
    [['get', 'getOwnPropertyDescriptor', 'getPrototypeOf', 'ownKeys'], { a: 1 }],
    `const traps = []
     const spy = new Proxy({ a: 1 }, new Proxy({}, { get: (_t, trap) => (...args) => { traps.push(trap); return Reflect[trap](...args) } }))
     const answer = await tools.echo(spy)
     return [[...new Set(traps)].toSorted(), answer]`,
  ),
  returns(
    'Reflect.construct, receivers and getOwnPropertyDescriptor do not reveal the Proxy handler of tools',
    ['TypeError', 'function', true, []],
    `let name
     try { Reflect.construct(tools.echo, []) } catch (error) { name = error.name }
     const { value } = Object.getOwnPropertyDescriptor(tools, 'echo')
     return [name, typeof value, value === tools.echo, Reflect.ownKeys(tools.echo)]`,
  ),
  returns(
    'lazily loaded globals work after tampering',
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
    'a replaced Function constructor never receives the source or the host of the web globals',
    [[], 'http://x/'],
    `const seen = []
     globalThis.Function = function (...args) { seen.push(args.length) }
     Function.prototype = (() => {}).__proto__
     Object.defineProperty((() => {}).__proto__, 'constructor', { get() { seen.push('constructor'); return Object } })
     return [seen, new URL('http://x').href]`,
  ),
  returns(
    'a wrapped console or timer affects only the guest',
    ['log', 4],
    `const { log } = console
     const seen = []
     console.log = function (...args) { seen.push('log'); return log.apply(this, args) }
     console.log('x')
     globalThis.setTimeout = () => 4
     return [seen[0], setTimeout(() => {})]`,
  ),
]
