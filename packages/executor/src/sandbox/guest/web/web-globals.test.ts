// oxlint-disable no-restricted-imports -- this runs the guest's code from outside, in an isolate and with the host's half
import ivm from 'isolated-vm'
import { describe, expect, test } from 'vitest'

import { functionBody } from '../../bundle-runtime.ts'
import { urlHost } from '../../child/url-host.ts'

const primordials = functionBody(new URL('../primordials.ts', import.meta.url), 'capturePrimordials')
const web = functionBody(new URL('./index.ts', import.meta.url), 'createWebGlobals')

/** User code that changes builtins before the web globals are loaded. */
const tampering = `
  const { defineProperty, getOwnPropertyDescriptor, ownKeys, getPrototypeOf } = Reflect
  const leak = () => { globalThis.leaked = (globalThis.leaked ?? 0) + 1; throw new Error('tampered') }
  const prototypes = [Array, Map, Set, WeakMap, Promise, String, Function, Date, RegExp, ArrayBuffer, DataView, Number].map((each) => each.prototype)
  prototypes.push(getPrototypeOf(Uint8Array.prototype), getPrototypeOf([][Symbol.iterator]()))
  const changes = []
  for (const target of prototypes) {
    for (const key of ownKeys(target)) {
      const descriptor = getOwnPropertyDescriptor(target, key)
      if (!descriptor.configurable || key === 'constructor' || key === Symbol.toStringTag) continue
      if (descriptor.get) changes.push([target, key, { get: leak, configurable: true }])
      else if (typeof descriptor.value === 'function') changes.push([target, key, { value: leak, configurable: true, writable: true }])
    }
  }
  for (const key of ['value', 'get', 'set', 'writable', 'enumerable', 'configurable', 'error', 'toJSON', 'index']) {
    changes.push([Object.prototype, key, { get: () => undefined, set: leak, configurable: true }])
  }
  for (const key of ['0', '1', '2']) changes.push([Array.prototype, key, { get: () => undefined, set: leak, configurable: true }])
  for (const name of ['Array', 'Map', 'Promise', 'Reflect', 'JSON', 'Symbol', 'TypeError', 'Uint8Array', 'WeakMap', 'Object']) {
    changes.push([globalThis, name, { get: leak, configurable: true }])
  }
  // Descriptors inherit from what is changed here, so they are made safe before the first change.
  for (const change of changes) Object.setPrototypeOf(change[2], null)
  for (let i = 0; i < changes.length; i++) {
    const change = changes[i]
    defineProperty(change[0], change[1], change[2])
  }
`

/** Evaluates an expression in a fresh isolate that has the web globals, and returns its value by way of JSON. */
function evaluateInGuest(expression: string, prelude = ''): unknown {
  const isolate = new ivm.Isolate({ memoryLimit: 64 })
  try {
    const context = isolate.createContextSync()
    context.evalClosureSync(
      `const p = (function () { ${primordials} })()()
       globalThis.stringify = p.JSONStringify
       globalThis.timers = []
       globalThis.install = () => {
         const globals = new p.Function($0)()(p, {
           now: () => 5,
           setTimeout: (callback, ms) => { p.arrayPush(timers, { callback, ms }); return 1 },
           clearTimeout() {},
           watch: () => {},
      randomBytes: (count) => p.typedArrayFill(new p.Uint8Array(count), 7),
           parseUrl: $1,
           inspectWith() {},
         })
         const names = p.ObjectKeys(globals)
         for (let i = 0; i < names.length; i++) p.ReflectDefineProperty(globalThis, names[i], { __proto__: null, value: globals[names[i]] })
       }`,
      [web, new ivm.Callback(urlHost)],
    )
    context.evalSync(prelude)
    return JSON.parse(
      String(context.evalSync(`install(); stringify((() => { 'use strict'; ${expression} })()) ?? 'null'`)),
    )
  } finally {
    isolate.dispose()
  }
}

function evaluateInNode(expression: string): unknown {
  const { AbortController, AbortSignal, atob, btoa, CustomEvent, DOMException, Event, EventTarget } = globalThis
  const { structuredClone, TextDecoder, TextEncoder, URL, URLSearchParams } = globalThis
  const names = { AbortController, AbortSignal, atob, btoa, CustomEvent, DOMException, Event, EventTarget }
  const more = { structuredClone, TextDecoder, TextEncoder, URL, URLSearchParams }
  // oxlint-disable-next-line typescript/no-implied-eval -- the same text runs in both worlds
  const run = new Function(
    ...Object.keys({ ...names, ...more }),
    `'use strict'; return JSON.stringify((() => { ${expression} })()) ?? 'null'`,
  )
  return JSON.parse(String(run(...Object.values({ ...names, ...more }))))
}

const failure = (code: string): string =>
  `try { ${code}; return 'no error' } catch (e) { return [e.name, e.message, e.code] }`

const cases: string[] = [
  // URL
  `const u = new URL('https://u:p@exämple.com:8080/a/../b?q=1#h'); return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, u.toString(), u]`,
  `return [new URL('../x?y', 'http://a/b/c/d').href, URL.canParse('nope'), URL.canParse('x', 'http://a'), URL.parse('nope'), URL.parse('http://a').href]`,
  `const u = new URL('http://a/'); u.pathname = '/x y'; u.search = 'a=b'; u.hash = 'z'; u.port = '99999'; u.port = '81'; u.host = 'b:1'; u.protocol = 'https'; u.username = 'é'; return u.href`,
  `const u = new URL('http://a/?x=1&y=2'); const s = u.searchParams; s.append('z', 'ä &'); s.delete('x'); const one = u.href; u.search = '?k=v'; return [one, s.get('k'), s.get('z'), s === u.searchParams, [...s.keys()]]`,
  `const u = new URL('http://a/?x=1'); u.searchParams.delete('x'); return u.href`,
  `const u = new URL('http://a/?x=1'); const s = u.searchParams; u.href = 'http://b/?y=2'; return [s.toString(), u.host]`,
  failure(`new URL('nope')`),
  failure(`new URL('nope', 'base')`),
  failure(`new URL('http://a').href = 'nope'`),
  failure(`new URL()`),
  failure(`URL('http://a')`),
  `try { new URL('nope', 'b') } catch (e) { return [e instanceof TypeError, e.code, e.input, e.base] }`,
  `return [Object.prototype.toString.call(new URL('http://a')), URL.name, Object.keys(URL.prototype).sort()]`,
  // URLSearchParams
  `const s = new URLSearchParams('?a=1&b=2&a=3&c=%20+x&d'); return [s.getAll('a'), s.get('c'), s.get('d'), s.get('none'), s.has('a', '3'), s.has('a', '4'), s.size, s.toString()]`,
  `const s = new URLSearchParams({ b: 2, a: 'x y' }); s.set('b', 3); s.append('c', 'é'); s.sort(); return [...s]`,
  `const s = new URLSearchParams([['a', 1], ['a', 2], ['b', 3]]); s.delete('a', '1'); s.set('a', 9); const seen = []; s.forEach((v, k, self) => seen.push(v, k, self === s)); return [seen, [...s.entries()], [...s.values()]]`,
  `return new URLSearchParams(new URLSearchParams('a=1')).toString() + new URLSearchParams(new Map([['k', 'v']]))`,
  `return [new URLSearchParams('a=\\ud800').toString(), new URLSearchParams('').toString(), new URLSearchParams('%zz=%').toString()]`,
  failure(`new URLSearchParams([['a']])`),
  failure(`new URLSearchParams('').get()`),
  `const i = new URLSearchParams('a=1').keys(); return [Object.prototype.toString.call(i), i[Symbol.iterator]() === i, i.next(), i.next(), URLSearchParams.prototype[Symbol.iterator] === URLSearchParams.prototype.entries]`,
  // Encoding
  `return [...new TextEncoder().encode('aé€😀\\ud800')]`,
  `const b = new Uint8Array(5); return [new TextEncoder().encodeInto('a€😀', b), [...b], new TextEncoder().encoding]`,
  `return new TextDecoder().decode(new TextEncoder().encode('aé€😀'.repeat(3000))).length`,
  `return [new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))]`,
  `const d = new TextDecoder(); return [d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }), d.decode(new Uint8Array([0xac]), { stream: true }), d.decode()]`,
  `const d = new TextDecoder(); return [d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }), d.decode()]`,
  `return [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf0, 0x9f, 0x98], [0xff, 0x41], [0xe2, 0x28, 0xa1], [0xf0, 0x90, 0x41]].map((b) => new TextDecoder().decode(new Uint8Array(b)))`,
  failure(`new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))`),
  `try { new TextDecoder('nope') } catch (e) { return [e.name, e.code] }`,
  `return ['\\t utf-16be\\n', 'UTF8', 'x-cp1252', 'csUnicode', 'unicodeFFFE', 'ISO_8859-1:1987', 'us-ascii', 'unicode-1-1-utf-8'].map((label) => new TextDecoder(label).encoding)`,
  `return ['', 'utf-8\\u00a0', 'utf-8\\v', 'utf\\u20108', null].map((label) => { try { return new TextDecoder(label).encoding } catch (e) { return [e.name, e.code] } })`,
  `const d = new TextDecoder('utf-16be'); return [d.decode(new Uint8Array([0xfe, 0xff, 0, 0x61, 0xd8, 0x3d, 0xde, 0])), d.decode(new Uint8Array([0xd8, 0, 0x61])), d.decode(new Uint8Array([0xd8, 0x3d]), { stream: true }), d.decode(new Uint8Array([0xde]), { stream: true }), d.decode(new Uint8Array([0])), new TextDecoder('utf-16be', { ignoreBOM: true }).decode(new Uint8Array([0xfe, 0xff])).length]`,
  failure(`new TextDecoder('utf-16be', { fatal: true }).decode(new Uint8Array([0xd8, 0]))`),
  `try { new TextDecoder().decode('text') } catch (e) { return e.name }`,
  `const d = new TextDecoder(' UTF-16LE '); return [d.encoding, d.fatal, d.ignoreBOM, d.decode(new Uint8Array([0xff, 0xfe, 0x61, 0, 0x3d, 0xd8, 0, 0xde])), d.decode(new Uint8Array([0, 0xd8, 0x61])), d.decode(new Uint8Array([0, 0xdc, 0x61, 0]))]`,
  `const d = new TextDecoder('utf-16le'); return [d.decode(new Uint8Array([0x3d]), { stream: true }), d.decode(new Uint8Array([0xd8, 0]), { stream: true }), d.decode(new Uint8Array([0xde]))]`,
  `const d = new TextDecoder('latin1'); return [d.encoding, d.decode(new Uint8Array([0x41, 0x80, 0x9f, 0xe9]).buffer)]`,
  `return new TextDecoder().decode(new DataView(new Uint8Array([65, 66, 67]).buffer, 1))`,
  // Base64
  `return [btoa('hé'), atob('aOk='), atob(' a O k '), atob('aOk'), btoa(''), btoa(null), atob(btoa('\\0ÿ'.repeat(9000))).length]`,
  failure(`btoa('€')`),
  failure(`atob('a')`),
  failure(`atob('ab=')`),
  failure(`atob('a*bc')`),
  // structuredClone
  `const o = { a: [1, , 3], d: new Date(5), r: /x/gi, m: new Map([[{ k: 1 }, new Set([1])]]), n: null, u: undefined, b: Object(true), s: Object('s'), i: -0 }; const c = structuredClone(o); return [c, c.d.getTime(), c.d instanceof Date, c.r.flags, [...c.m], [...[...c.m.values()][0]], 1 in c.a, c.a.length, 'u' in c, typeof c.b, Object.is(c.i, -0)]`,
  `const o = { self: null }; o.self = o; o.list = [o]; const c = structuredClone(o); return [c.self === c, c.list[0] === c, c !== o]`,
  `const b = new ArrayBuffer(8); const c = structuredClone({ x: new Uint8Array(b, 2, 3), y: new DataView(b), z: b, f: new Float64Array([1.5]) }); return [c.x.buffer === c.z, c.y.buffer === c.z, c.x.byteOffset, c.x.length, c.z !== b, c.f[0]]`,
  `const b = new ArrayBuffer(8); const c = structuredClone(b, { transfer: [b] }); return [b.byteLength, b.detached, c.byteLength]`,
  `const e = structuredClone(new TypeError('m', { cause: { a: 1 } })); return [e instanceof TypeError, e.name, e.message, e.cause, Object.keys(e), typeof e.stack]`,
  `class A { x = 1; get y() { return 2 } }; const c = structuredClone(new A()); return [c, c.constructor === Object]`,
  `return [typeof structuredClone(1n), structuredClone('s'), structuredClone(Object(2n)) == 2n]`,
  failure(`structuredClone(() => 1)`),
  failure(`structuredClone({ a: Symbol('x') })`),
  failure(`structuredClone({ a: Promise.resolve() })`),
  failure(`structuredClone(new WeakMap())`),
  ...[
    `[].values()`,
    `(function* () {})()`,
    `(async function* () {})()`,
    `'a'.matchAll(/a/g)`,
    `[1].values().map((x) => x)`,
    `new URL('http://a')`,
    `new URLSearchParams('a=1')`,
    `Temporal.PlainDate.from('2024-01-01')`,
    `new Intl.NumberFormat('en')`,
    `new Intl.Segmenter('en').segment('a')`,
    `Object(Symbol('x'))`,
    `JSON.rawJSON('1')`,
    `new Error('x', { cause: () => 1 })`,
    `{ deep: [new Map([[1, { f() {} }]])] }`,
    `class {}`,
    `globalThis`,
    `1, { transfer: [1] }`,
    `1, { transfer: [null] }`,
    `1, { transfer: [{}] }`,
  ].map(
    (value) =>
      `try { return structuredClone(${value}) } catch (e) { return [e.name, e.code === 25, Error.isError(e)] }`,
  ),
  `return [Object.create(Map.prototype), Object.create({ a: 1 }), Math, Intl, new (class { #x = 1; y = 2 })()].map((each) => structuredClone(each))`,
  `const e = structuredClone({ e: new DOMException('m', 'AbortError') }).e; return [e instanceof DOMException, e.name, e.message, e.code, Error.isError(e)]`,
  // Events
  `const t = new EventTarget(); const seen = []; t.addEventListener('x', (e) => seen.push('a', e.target === t, e.currentTarget === t, e.eventPhase)); t.addEventListener('x', { handleEvent(e) { seen.push('b', e.type) } }, { once: true }); const f = () => seen.push('f'); t.addEventListener('x', f); t.addEventListener('x', f); t.dispatchEvent(new Event('x')); t.removeEventListener('x', f); const r = t.dispatchEvent(new CustomEvent('x', { detail: 4, cancelable: true })); return [seen, r]`,
  `const t = new EventTarget(); const seen = []; t.addEventListener('x', (e) => { e.preventDefault(); e.stopImmediatePropagation(); seen.push(e.defaultPrevented) }); t.addEventListener('x', () => seen.push('no')); return [t.dispatchEvent(new Event('x', { cancelable: true })), t.dispatchEvent(new Event('x')), seen]`,
  `const t = new EventTarget(); const seen = []; t.addEventListener('x', (e) => { e.preventDefault(); seen.push(e.defaultPrevented) }, { passive: true }); t.dispatchEvent(new Event('x', { cancelable: true })); const c = new AbortController(); t.addEventListener('y', () => seen.push('y'), { signal: c.signal }); c.abort(); t.dispatchEvent(new Event('y')); return seen`,
  `const e = new CustomEvent('x', { detail: { a: 1 }, bubbles: true }); return [e.type, e.detail, e.bubbles, e.cancelable, e.composed, e.target, e.eventPhase, e.composedPath(), e instanceof Event, String(e), Event.AT_TARGET]`,
  `class T extends EventTarget { hi() { let n = 0; this.addEventListener('x', () => n++); this.dispatchEvent(new Event('x')); return n } }; return new T().hi()`,
  `try { new EventTarget().dispatchEvent({}) } catch (e) { return e.name }`,
  // Abort
  `const c = new AbortController(); const seen = []; c.signal.onabort = (e) => seen.push(e.type); c.signal.addEventListener('abort', () => seen.push(c.signal.aborted)); c.abort(); c.abort('again'); return [seen, c.signal.aborted, c.signal.reason.name, c.signal.reason.message, c.signal.reason instanceof DOMException]`,
  failure(`AbortSignal.abort().throwIfAborted()`),
  `try { AbortSignal.abort({ a: 1 }).throwIfAborted() } catch (e) { return e }`,
  `const a = new AbortController(), b = new AbortController(); const s = AbortSignal.any([a.signal, b.signal]); const s2 = AbortSignal.any([s]); let n = 0; s2.addEventListener('abort', () => n++); b.abort('r'); a.abort('q'); return [s.aborted, s.reason, s2.reason, n, AbortSignal.any([AbortSignal.abort('x')]).reason]`,
  failure(`new AbortSignal()`),
  `return [Object.prototype.toString.call(new AbortController()), Object.prototype.toString.call(new AbortController().signal), new AbortController().signal instanceof EventTarget]`,
  // DOMException
  `const e = new DOMException('m', 'AbortError'); return [Error.isError(e), Object.keys(e), Reflect.ownKeys(e), Object.getPrototypeOf(DOMException) === Function.prototype, DOMException.length, JSON.stringify(e)]`,
  `class Mine extends DOMException { constructor() { super('m', 'Mine') } get twice() { return this.message + this.message } }; const e = new Mine(); return [e.twice, e.name, e instanceof Mine, Error.isError(e), e.stack.split('\\n')[0]]`,
  `return [Object.entries(DOMException).filter(([k]) => k !== 'name'), DOMException.prototype.DATA_CLONE_ERR, Error.isError(Object.create(DOMException.prototype))]`,
  `try { return DOMException.prototype.name } catch (e) { return e.name }`,
  `try { DOMException('x') } catch (e) { return e.name }`,
  `const e = new DOMException('m', 'AbortError'); return [e.name, e.message, e.code, e instanceof Error, String(e), DOMException.ABORT_ERR, e.ABORT_ERR, Object.prototype.toString.call(e), e.stack.split('\\n')[0]]`,
  `const e = new DOMException('m', { name: 'X', cause: 3 }); return [e.name, e.code, e.cause, new DOMException().name]`,
]

describe('the web globals', () => {
  test.each(cases)('work as in Node: %s', (code) => {
    expect(evaluateInGuest(code)).toEqual(evaluateInNode(code))
  })

  test('AbortSignal.timeout aborts by a timer', () => {
    const code = `const s = AbortSignal.timeout(50); const before = s.aborted; timers[0].callback(); return [before, timers[0].ms, s.aborted, s.reason.name]`
    expect(evaluateInGuest(code)).toEqual([false, 50, true, 'TimeoutError'])
  })

  test('crypto has only the random functions', () => {
    expect(
      evaluateInGuest(
        `return [crypto.randomUUID(), [...crypto.getRandomValues(new Uint16Array(2))], crypto.subtle === undefined, String(crypto)]`,
      ),
    ).toEqual(['07070707-0707-4707-8707-070707070707', [0x707, 0x707], true, '[object Crypto]'])
    expect(evaluateInGuest(failure(`crypto.getRandomValues(new Uint8Array(65537))`))).toContain('QuotaExceededError')
    expect(evaluateInGuest(failure(`crypto.getRandomValues(new Float32Array(1))`))).toContain('TypeMismatchError')
  })

  test('the time stamp of an event is the time of its turn', () => {
    expect(evaluateInGuest(`return new Event('x').timeStamp`)).toBe(5)
  })

  test('an error of a listener does not stop the other listeners', () => {
    const code = `const t = new EventTarget(); let n = 0; t.addEventListener('x', () => { throw new Error('boom') }); t.addEventListener('x', () => n++); try { t.dispatchEvent(new Event('x')) } finally { return n }`
    expect(() => evaluateInGuest(code)).toThrow('boom')
  })
})

describe('the runtime after user code has replaced every builtin', () => {
  const tampered: [string, unknown][] = [
    [
      `const u = new URL('http://a/?x=1&y=2'); u.searchParams.append('z', '3'); u.searchParams.delete('x'); u.hash = 'h'; return u.href`,
      'http://a/?y=2&z=3#h',
    ],
    [`const s = new URLSearchParams('b=1&a=2'); s.sort(); s.set('c', '3'); return s.toString()`, 'a=2&b=1&c=3'],
    [`return new TextDecoder().decode(new TextEncoder().encode('aé€😀'))`, 'aé€😀'],
    [`return new TextDecoder('latin1').decode(new TextEncoder().encode('é'))`, 'Ã©'],
    [`return atob(btoa('hello'))`, 'hello'],
    [`const c = structuredClone({ a: [1, { b: 2 }], c: 'x' }); return c.a[1].b`, 2],
    [
      `const t = new EventTarget(); let n = 0; t.addEventListener('x', () => n++, { __proto__: null, once: true }); t.dispatchEvent(new Event('x')); t.dispatchEvent(new Event('x')); return n`,
      1,
    ],
    [
      `const c = new AbortController(); let n = 0; c.signal.addEventListener('abort', () => n++); c.abort(); return n + c.signal.reason.name`,
      '1AbortError',
    ],
    [`return crypto.randomUUID()`, '07070707-0707-4707-8707-070707070707'],
    [`try { new URL('nope') } catch (e) { return e.message }`, 'Invalid URL'],
    [`try { structuredClone(() => 1) } catch (e) { return e.name }`, 'DataCloneError'],
  ]
  test.each(tampered)('%s', (code, value) => {
    expect(evaluateInGuest(code, tampering)).toEqual(value)
    expect(evaluateInGuest(`(() => { ${code} })(); return globalThis.leaked ?? 0`, tampering)).toBe(0)
  })
})
