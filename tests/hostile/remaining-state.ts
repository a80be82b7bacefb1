/** State that one execution leaves and that another looks for, with the values that a clean realm shows. */
export interface Leftover {
  readonly title: string
  readonly leave: string
  readonly look: string
  readonly clean: unknown
  /**
   * Fate of the isolate if it is not reused: `disposed` always, `either` if it depends on when V8 frees memory. In the tests
   * that reuse it all the same, nothing is found either.
   */
  readonly isolate?: 'disposed' | 'either'
}

export const leftovers: readonly Leftover[] = [
  {
    title: 'a global or a poisoned prototype',
    leave: `globalThis.left = 1; for (const { prototype } of [Object, Array, Function, Promise, String, Map]) prototype.left = 1; Array.prototype.map = () => 'left'; (0, eval)('var left2 = 1')`,
    look: `return [typeof left, typeof left2, typeof [].left, typeof (() => {}).left, [1].map((x) => x + 1)[0]]`,
    clean: ['undefined', 'undefined', 'undefined', 'undefined', 2],
  },
  {
    title: 'a registered symbol with its properties',
    leave: `globalThis[Symbol.for('left')] = 'left'; Object.prototype[Symbol.for('left')] = 'left'`,
    look: `return [typeof globalThis[Symbol.for('left')], typeof ({})[Symbol.for('left')]]`,
    clean: ['undefined', 'undefined'],
  },
  {
    title: 'replaced, frozen and proxied builtins',
    leave: `const { freeze } = Object; for (const name of ['Map', 'Set', 'Promise', 'Date', 'RegExp', 'Symbol', 'JSON', 'Reflect', 'Proxy', 'Intl', 'Temporal', 'Object', 'Array']) { const { prototype } = globalThis[name]; if (prototype) { freeze(prototype); freeze(globalThis[name]) } globalThis[name] = new Proxy(globalThis[name], { get: () => 'left', apply: () => 'left', construct: () => ({ left: 1 }) }) } try { freeze(globalThis) } catch {}`,
    look: `return [new Map([[1, 2]]).size, new Date(0).getTime(), Object.isFrozen(Array.prototype), Object.isFrozen(Map), Object.isFrozen(globalThis), JSON.stringify([1]), typeof Reflect.ownKeys, (globalThis.mine = 1)]`,
    clean: [1, 0, false, false, false, '[1]', 'function', 1],
  },
  {
    title: 'getters and setters in prototypes',
    leave: `for (const key of ['left', 'then', 'value', 'get', 'message', 'toJSON']) for (const { prototype } of [Object, Array, String, Number, Boolean, Symbol, Error]) Object.defineProperty(prototype, key, { __proto__: null, get() { return undefined }, set() {}, configurable: true, enumerable: true }); for (const { prototype } of [Object, Array]) prototype.__defineGetter__('left2', () => 'left')`,
    look: `const all = []; for (const key in {}) all.push(key); const a = []; a[0] = 'own'; return [all, a, 'left' in {}, 'left2' in [], Object.getOwnPropertyNames(Number.prototype).length, 0 in [], ({ get: 1 }).get]`,
    clean: [[], ['own'], false, false, 7, false, 1],
  },
  {
    title: 'a prototype chain with another object in it',
    isolate: 'disposed',
    leave: `Object.setPrototypeOf(Object.prototype.constructor, { left: 1 }); Object.setPrototypeOf(Array.prototype, { left: 1, __proto__: Object.prototype }); Object.setPrototypeOf(Function.prototype, { left: 1 }); try { Object.setPrototypeOf(globalThis, { left: 1 }) } catch {}`,
    look: `return [typeof Object.left, typeof [].left, typeof (() => {}).left, typeof globalThis.left, Object.getPrototypeOf(Array.prototype) === Object.prototype, Object.getPrototypeOf(Object) === Function.prototype]`,
    clean: ['undefined', 'undefined', 'undefined', 'undefined', true, true],
  },
  {
    title: 'protectors of V8 that fall, with the builtins restored',
    isolate: 'disposed',
    leave: `
      const change = (object, key, value) => { const old = Object.getOwnPropertyDescriptor(object, key); Object.defineProperty(object, key, { value, configurable: true, writable: true }); if (old) Object.defineProperty(object, key, old); else delete object[key] }
      for (const [object, keys] of [[Array.prototype, [Symbol.iterator, 'constructor', 0, Symbol.isConcatSpreadable, Symbol.unscopables]], [Promise.prototype, ['then', 'constructor']], [Promise, [Symbol.species, 'resolve']], [RegExp.prototype, ['exec', 'flags', Symbol.match, Symbol.replace]], [String.prototype, [Symbol.iterator, Symbol.toPrimitive, 'length2']], [Object.prototype, [Symbol.toPrimitive, 'then', 0]], [Map.prototype, [Symbol.iterator]], [Set.prototype, [Symbol.iterator]]]) for (const key of keys) change(object, key, () => 'left')
      for (const iterator of [[], new Map(), new Set(), ''].map((each) => Object.getPrototypeOf(each[Symbol.iterator]()))) change(iterator, 'next', () => ({ done: true }))
      for (const C of [Array, RegExp, Map, Set, ArrayBuffer, Object.getPrototypeOf(Uint8Array)]) change(C, Symbol.species, class {})
      class Sub extends Uint8Array {} ; new Sub(2).map((x) => x); new ArrayBuffer(8).transfer()`,
    look: `return [[...[1, 2]], [...'ab'], [...new Map([[1, 2]])], [...new Set([3])], await Promise.resolve(1), [1].concat([2]), 'a'.replace(/a/, 'b'), [[1], [2]].flat(), new Uint8Array([1]).map((x) => x + 1)[0], [, 1][0] ?? 'hole']`,
    clean: [[1, 2], ['a', 'b'], [[1, 2]], [3], 1, [1, 2], 'b', [1, 2], 2, 'hole'],
  },
  {
    title: 'a match in the statics of RegExp',
    leave: `/(s.*t)/.exec('a secret here')`,
    look: `return [RegExp.$1, RegExp.lastMatch, RegExp.input]`,
    clean: ['', '', ''],
  },
  {
    title: 'a formatter of stacks that is a proxy, and a limit that throws',
    leave: `Error.prepareStackTrace = new Proxy(() => 'left', { apply: () => { throw 'left' } }); Object.defineProperty(Error, 'stackTraceLimit', { get() { throw 'left' } }); Error.captureStackTrace = () => 'left'; globalThis.kept = (() => { try { return new Error('x').stack } catch (e) { return e } })()`,
    look: `const o = {}; Error.captureStackTrace(o); return [Error.prepareStackTrace?.name, Error.stackTraceLimit, typeof o.stack, (() => { try { null.x } catch (e) { return e.stack.split('\\n').length } })() > 1]`,
    clean: ['prepare', 10, 'string', true],
  },
  {
    title: 'labels, counters and groups of its console',
    leave: `console.group('left'); console.group('left'); console.count('left'); console.time('left'); console.timeLog('left'); console.assert(false, 'left')`,
    look: `console.count('left'); console.timeEnd('left'); console.log('flat'); return 1`,
    clean: 1,
  },
  {
    title: 'a template object of the same source',
    leave: `const tag = (strings) => strings; const template = (0, eval)('(tag) => tag\`same\`')(tag); globalThis.kept = template; Object.getPrototypeOf(template).left = 'left'`,
    look: `const tag = (strings) => strings; const template = (0, eval)('(tag) => tag\`same\`')(tag); return [typeof template.left, template[0], typeof kept]`,
    clean: ['undefined', 'same', 'undefined'],
  },
  {
    title: 'a replaced formatter of Intl or of stacks',
    leave: `Intl.NumberFormat.prototype.format = Intl.DateTimeFormat = () => 'left'; Error.prepareStackTrace = () => 'left'; Error.stackTraceLimit = 0; Date.now = () => 0; Math.random = () => 0.5`,
    look: `return [new Intl.NumberFormat('de').format(1234.5), new Error('x').stack.includes('code:'), Error.stackTraceLimit, Math.random() !== 0.5, Date.now() > 0]`,
    clean: ['1.234,5', true, 10, true, true],
  },
  {
    title: 'a used time zone, locale or calendar',
    leave: `new Intl.DateTimeFormat('ar-EG-u-ca-islamic', { timeZone: 'Asia/Kathmandu' }).format(); Temporal.Now.zonedDateTimeISO('Asia/Tokyo'); try { Temporal.Now.timeZoneId = () => 'Asia/Tokyo' } catch {}`,
    look: `const { locale, timeZone, calendar } = new Intl.DateTimeFormat().resolvedOptions(); return [locale, timeZone, calendar, Temporal.Now.timeZoneId(), new Date(0).getHours()]`,
    clean: ['en-US', 'UTC', 'gregory', 'UTC', 0],
  },
  {
    title: 'a changed web global or tools object',
    leave: `URL.prototype.toString = () => 'left'; crypto.randomUUID = () => 'left'; TextEncoder.prototype.encode = () => 'left'; console.log = () => { throw 1 }; Object.defineProperty(globalThis, 'tools', { value: { echo: () => 'left' } }); globalThis.tools; tools.echo = null; globalThis.setTimeout = null; var { echo } = tools; tools.echo = (x) => x`,
    look: `console.log('x'); return [String(new URL('http://x')), crypto.randomUUID().length, new TextEncoder().encode('x').length, typeof tools.echo, typeof setTimeout, await tools.echo(1)]`,
    clean: ['http://x/', 36, 1, 'function', 'function', 1],
  },
  {
    title: 'an open call, timer, listener or rejection',
    leave: `void tools.echo('open'); setTimeout(() => { globalThis.left = 1 }, 1); setInterval(() => console.log('left'), 1); const controller = new AbortController(); controller.signal.onabort = () => {}; AbortSignal.timeout(1); Promise.reject(new Error('left'))`,
    look: `await sleep(5); return [typeof left, setTimeout(() => {}, 1e6)]`,
    clean: ['undefined', 2],
  },
]
