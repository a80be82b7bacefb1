import { expect, test } from 'vitest'

import { SessionGuest, shown } from '../support/session-guest.ts'

/** Code of a step that tries to break the runtime's own work, or that of the steps after it. */
const hostileSteps: readonly (readonly [name: string, code: string])[] = [
  [
    'fields in Object.prototype that specifications lack',
    "for (const k of ['session', 'warning', 'mistakes', 'result', 'hint', 'watch', 'stack', 'details']) Object.prototype[k] = { message: 'forged', line: 1, column: 1, context: '{}', config: '{}' }",
  ],
  [
    'fields of descriptors in Object.prototype',
    "for (const k of ['get', 'set']) Object.defineProperty(Object.prototype, k, { __proto__: null, value: () => 'forged', writable: true, configurable: true }); Object.prototype.writable = true; Object.prototype.configurable = false",
  ],
  [
    'a field value in Object.prototype',
    "Object.defineProperty(Object.prototype, 'value', { __proto__: null, get() { return 'forged' }, set() {}, configurable: true })",
  ],
  [
    'getters in Object.prototype that throw',
    "for (const k of ['session', 'limits', 'ok', 'body', 'shifts', 'message']) Object.defineProperty(Object.prototype, k, { __proto__: null, get() { throw 1 }, set(v) { Object.defineProperty(this, k, { __proto__: null, value: v, writable: true, enumerable: true, configurable: true }) }, configurable: true })",
  ],
  [
    'toJSON in the prototypes',
    "Array.prototype.toJSON = String.prototype.toJSON = Number.prototype.toJSON = () => 'forged'",
  ],
  [
    'Symbol.iterator',
    'Array.prototype[Symbol.iterator] = String.prototype[Symbol.iterator] = Map.prototype[Symbol.iterator] = () => { throw 1 }',
  ],
  ['the iterators', 'Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true })'],
  [
    'array methods',
    "for (const k of Object.getOwnPropertyNames(Array.prototype)) if (k !== 'length' && k !== 'constructor') Array.prototype[k] = () => { throw 1 }",
  ],
  [
    'indices in Array.prototype',
    "for (let i = 0; i < 50; i++) Object.defineProperty(Array.prototype, i, { __proto__: null, get: () => 'forged', set() {}, configurable: true })",
  ],
  ['Array', 'Array.isArray = () => false; Array.from = () => []; globalThis.Array = class {}'],
  [
    'Map and Set methods',
    "for (const P of [Map, Set, WeakMap, WeakSet]) for (const k of ['get', 'set', 'has', 'add', 'delete', 'forEach', 'clear']) P.prototype[k] = () => { throw 1 }",
  ],
  ['Map and Set', 'globalThis.Map = globalThis.Set = globalThis.WeakMap = class { constructor() { throw 1 } }'],
  [
    'string methods',
    "for (const k of Object.getOwnPropertyNames(String.prototype)) if (k !== 'length' && k !== 'constructor') String.prototype[k] = () => 'forged'",
  ],
  [
    'regular expressions',
    'RegExp.prototype.exec = RegExp.prototype.test = RegExp.prototype[Symbol.match] = () => { throw 1 }',
  ],
  [
    'Object functions',
    "for (const k of Object.getOwnPropertyNames(Object)) if (!['prototype', 'length', 'name'].includes(k)) Object[k] = () => { throw 1 }",
  ],
  ['Reflect', 'for (const k of Object.getOwnPropertyNames(Reflect)) Reflect[k] = () => { throw 1 }'],
  ['Reflect and JSON', 'globalThis.Reflect = globalThis.JSON = null'],
  ['JSON functions', "JSON.parse = JSON.stringify = () => 'forged'"],
  [
    'Proxy and Error',
    "globalThis.Proxy = globalThis.Error = globalThis.TypeError = globalThis.ReferenceError = function () { return 'forged' }",
  ],
  [
    'Error.prepareStackTrace',
    'Error.prepareStackTrace = () => { throw 1 }; Error.stackTraceLimit = 0; Error.captureStackTrace = () => { throw 1 }',
  ],
  [
    'the name and message of errors',
    "Object.defineProperty(Error.prototype, 'name', { get() { throw 1 }, set() {} }); Object.defineProperty(Error.prototype, 'stack', { get() { throw 1 }, set() {} })",
  ],
  [
    'then of promises',
    'Promise.prototype.then = Promise.prototype.catch = Promise.prototype.finally = () => { throw 1 }',
  ],
  [
    'the constructor of promises',
    "Object.defineProperty(Promise.prototype, 'constructor', { get() { return class { constructor() { throw 1 } } }, configurable: true })",
  ],
  [
    'the species of promises',
    'Object.defineProperty(Promise, Symbol.species, { get() { throw 1 }, configurable: true })',
  ],
  ['Promise', 'globalThis.Promise = class { constructor() { throw 1 } static resolve() { throw 1 } }'],
  ['Promise functions', 'Promise.resolve = Promise.reject = Promise.all = () => { throw 1 }'],
  [
    'Function.prototype',
    'Function.prototype.call = Function.prototype.apply = Function.prototype.bind = Function.prototype.toString = () => { throw 1 }',
  ],
  [
    'the constructors of functions',
    "Object.defineProperty(Function.prototype, 'constructor', { value: () => { throw 1 } }); globalThis.Function = () => { throw 1 }; const AF = Object.getPrototypeOf(async () => {}); Object.defineProperty(AF, 'constructor', { value: () => { throw 1 } })",
  ],
  ['eval and globalThis', 'globalThis.eval = () => { throw 1 }; globalThis.globalThis = {}'],
  [
    'Number and Math',
    'Math.max = Math.min = Math.trunc = () => { throw 1 }; Number.isFinite = () => { throw 1 }; globalThis.Number = globalThis.String = () => { throw 1 }',
  ],
  [
    'accessors of future names',
    "for (const k of ['probe', 'fixed', 'fn', 'Kl', 'got', 'open']) Object.defineProperty(globalThis, k, { get() { return 'forged' }, set() {}, configurable: true })",
  ],
  [
    'accessors of future names that throw',
    "for (const k of ['probe', 'fixed', 'fn', 'Kl', 'got', 'open']) Object.defineProperty(globalThis, k, { get() { throw 1 }, set() { throw 2 }, configurable: true })",
  ],
  [
    'read-only values of future names',
    "for (const k of ['probe', 'fixed', 'fn', 'Kl', 'got', 'open']) Object.defineProperty(globalThis, k, { value: 'forged', configurable: true })",
  ],
  [
    'accessors in the prototype of the global object',
    "for (const k of ['probe', 'fixed', 'fn', 'Kl', 'got', 'open']) Object.defineProperty(Object.prototype, k, { get() { return 'forged' }, set() {}, configurable: true })",
  ],
  [
    'a proxy as the prototype of the global object',
    "try { Object.setPrototypeOf(globalThis, new Proxy({}, { has() { return false }, get() { return 'forged' }, set() { return true }, defineProperty() { throw 1 }, getOwnPropertyDescriptor() { throw 1 } })) } catch {}",
  ],
  [
    'other tools, input and console',
    "Object.defineProperty(globalThis, 'tools', { value: { a: () => 'forged' }, configurable: true, writable: true }); globalThis.input = 'forged'",
  ],
  [
    'deleted globals',
    "for (const k of ['tools', 'input', 'sleep', 'clearTimeout', 'ToolError', 'Math', 'Date', 'parseInt', 'Symbol', 'Uint8Array']) { const kept = globalThis[k]; delete globalThis[k]; if (k === 'sleep') globalThis.sleep = kept }",
  ],
  [
    'helpers of the step',
    'try { eval(\'$ro.x = 1; $fn("fn", () => "forged"); $watch = 1\') } catch {} try { arguments.callee.caller } catch {}',
  ],
  [
    'a helper that is given away',
    "let given; try { given = eval('[$ro, $fn, $watch]') } catch {} Object.freeze(given?.[1])",
  ],
  [
    'a microtask that goes on after the end',
    "(async () => { for (let i = 0; i < 50; i++) { await null; try { tools.a({ forged: 1 }); console.log('forged') } catch {} } })()",
  ],
  [
    'timers that would fire in the next step',
    "setTimeout(() => { globalThis.probe = 'forged' }, 0); setInterval(() => { throw 1 }, 1); sleep(0).catch(() => { throw 1 })",
  ],
  [
    'a handler of dropped promises that throws',
    "tools.a({}).catch(() => { throw new Error('forged') }); sleep(99).then(null, () => { throw new Error('forged') })",
  ],
  ['a handler of dropped promises that runs for long', 'tools.a({}).catch(() => { for (let i = 0; i < 1e6; i++); })'],
  [
    'a stack that is used up',
    'function deep() { try { deep() } finally { try { console.log(1) } catch {} } } try { deep() } catch {}',
  ],
  ['then in Object.prototype', "Object.prototype.then = function (resolve) { resolve('forged') }"],
  [
    'frozen prototypes and constructors',
    'for (const O of [Object, Array, Function, Promise, Map, Set, WeakMap, String, Error, TypeError, RegExp, Symbol]) { Object.freeze(O.prototype); Object.freeze(O) }',
  ],
  [
    'the spreading and the species of arrays',
    'Array.prototype[Symbol.isConcatSpreadable] = false; Object.defineProperty(Array, Symbol.species, { get() { throw 1 }, configurable: true })',
  ],
  [
    'Symbol.hasInstance',
    'for (const O of [Object, Array, Function, Promise, Map, Set, Error, TypeError, ToolError]) Object.defineProperty(O, Symbol.hasInstance, { value: () => { throw 1 }, configurable: true })',
  ],
  [
    'what the global object hides from with',
    'globalThis[Symbol.unscopables] = Object.prototype[Symbol.unscopables] = { probe: true, fixed: true, fn: true, tools: true, $ro: true }',
  ],
  [
    'accessors of result',
    "Object.defineProperty(globalThis, 'result', { get() { throw 1 }, set() { throw 2 }, configurable: true })",
  ],
  [
    'accessors of the names of helpers',
    "for (const k of ['$ro', '$fn', '$watch', '$f_fn', '$result', 'undefined']) try { Object.defineProperty(globalThis, k, { get() { throw 1 }, set() { throw 2 }, configurable: true }) } catch {}",
  ],
  [
    'an accessor that defines other names',
    "Object.defineProperty(globalThis, 'probe', { get() { return 'forged' }, set() { for (const k of ['fixed', 'fn']) Object.defineProperty(globalThis, k, { get() { return 'forged' }, configurable: true }) }, configurable: true })",
  ],
  [
    'generators and asynchronous iterators',
    'const AG = Object.getPrototypeOf(async function* () {}); for (const P of [Object.getPrototypeOf(AG.prototype), AG.prototype, Object.getPrototypeOf(function* () {}).prototype]) for (const k of [Symbol.iterator, Symbol.asyncIterator, "next", "return"]) Object.defineProperty(P, k, { get() { throw 1 }, configurable: true })',
  ],
  [
    'conversions of objects',
    'Object.prototype.valueOf = () => { throw 1 }; Object.defineProperty(Object.prototype, Symbol.toPrimitive, { get() { throw 1 }, configurable: true }); Object.prototype.hasOwnProperty = Object.prototype.propertyIsEnumerable = () => false',
  ],
  [
    'the prototype of Object.prototype and __proto__',
    "Object.defineProperty(Object.prototype, '__proto__', { get() { throw 1 }, set() { throw 2 }, configurable: true }); for (const k of ['__defineGetter__', '__lookupGetter__', '__defineSetter__']) Object.prototype[k] = () => { throw 1 }",
  ],
  [
    'an iterator of errors',
    'Error.prototype.toString = () => { throw 1 }; Object.prototype.toString = () => { throw 1 }; Symbol.prototype.toString = () => { throw 1 }',
  ],
]

/** Steps whose outcomes must not depend on the steps before them. */
function probeSession(session: SessionGuest) {
  const outcomes = [
    session.step('let probe = 1; const fixed = 2; function fn() { return probe + fixed } class Kl { v = 3 }'),
    session.step('probe + fixed + fn() + new Kl().v'),
    session.step('fixed = 5'),
    session.step('probe += 10; const fixed = 20; probe + fixed'),
    session.step('const got = await tools.a({ n: input }); got', { tools: ['a'], input: 7 }),
    session.answer(1, 'answered'),
    session.step('await sleep(5); console.log("text", 1); typeof tools.nothing', { tools: ['a'] }),
    session.tick(10),
    session.step('var open = tools.a({}); setTimeout(() => {}, 1); 1', { tools: ['a'] }),
    session.step('let missing = notDefined'),
    session.step('let const = 5'),
    session.step('typeof missing'),
    session.step('let early = probe; await tools.a({})', { tools: ['a'] }),
    session.end(),
    session.step('early'),
  ]
  const names = new Set(['probe', 'fixed', 'fn', 'Kl', 'got', 'open', 'missing', 'early'])
  return outcomes.map((outcome) => ({
    // Whether an error has its own texts is up to the prototypes of errors.
    value: outcome.error === undefined ? shown(outcome) : 'failed',
    code: outcome.effects?.end?.ok === false ? outcome.effects.end.code : undefined,
    calls: outcome.effects?.calls,
    logs: outcome.effects?.logs,
    nextTimerAt: outcome.effects?.nextTimerAt === null ? null : 'later',
    warnings: (outcome.effects?.end?.warnings ?? outcome.effects?.warnings)?.map(({ code }) => code),
    variables: outcome.variables?.filter(({ name }) => names.has(name)),
  }))
}

const expected = (() => {
  using session = new SessionGuest()
  session.step('1', { tools: ['a'] })
  return probeSession(session)
})()

test('the probe gives what its steps say', () => {
  expect(expected.map(({ value }) => value)).toEqual([
    null,
    9,
    'failed',
    31,
    undefined,
    'answered',
    undefined,
    'undefined',
    1,
    'failed',
    'failed',
    'undefined',
    undefined,
    undefined,
    11,
  ])
})

test.each(hostileSteps)('%s: a hostile step does not change what the runtime does in later steps', (_name, code) => {
  using session = new SessionGuest()
  expect(session.step(`${code}\n;1`, { tools: ['a'] }).value).toBe(1)
  expect(probeSession(session)).toEqual(expected)
})

test('hostile steps of other sessions in the same process reach nothing of a session', () => {
  using session = new SessionGuest()
  session.step('1', { tools: ['a'] })
  for (const [, code] of hostileSteps) {
    using other = new SessionGuest()
    other.step(`let secret = 'of another session'; ${code}\n;1`, { tools: ['a'] })
  }
  expect(session.run("[typeof secret, Object.getOwnPropertyNames(globalThis).includes('secret')]")).toEqual([
    ['undefined', false],
  ])
  using fresh = new SessionGuest()
  fresh.step('1', { tools: ['a'] })
  expect(probeSession(fresh)).toEqual(expected)
})
