/**
 * Cases of the rule of docs/values.md. Each is the source of an expression, so that the guest and this process create
 * the same value, with the JSON that arrives or with the refusal.
 */
import vm from 'node:vm'

import { maxJsonNesting } from '@codemode/shared'

/** Place in which a value can be created: `guest` has the language and a few web globals, `host` has all of Node. */
type Place = 'both' | 'guest' | 'host'

export interface AcceptedCase {
  readonly source: string
  /** JSON text that arrives. */
  readonly json: string
  readonly place: Place
}

export interface RefusedCase {
  readonly source: string
  /** Path to the refused value, relative to the root. */
  readonly path: string
  /** Reason in the message; the hint follows it. */
  readonly reason: string
  readonly hint: string
  readonly place: Place
}

/** Creates the value of a case in this process. */
export function valueOf({ source }: { readonly source: string }): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- the source is in this file
  return new Function('vm', `return (${source})`)(vm)
}

const arrives = (source: string, json: string, place: Place = 'both'): AcceptedCase => ({ source, json, place })

const plain = [
  arrives('undefined', 'null'),
  arrives('null', 'null'),
  arrives('[true, false, 1.5, -1e21, 5e-324, "x"]', '[true,false,1.5,-1e+21,5e-324,"x"]'),
  arrives('[NaN, Infinity, -Infinity, -0]', '[null,null,null,0]'),
  arrives('({ b: 1, a: 2, 1: 3, 0: 4 })', '{"0":4,"1":3,"b":1,"a":2}'),
  arrives('({ a: undefined, b: 1, c: null })', '{"b":1,"c":null}'),
  arrives('[undefined, 1]', '[null,1]'),
  arrives('[1, , 3]', '[1,null,3]'),
  arrives('new Array(2)', '[null,null]'),
  arrives('Object.assign([1], { extra: 2 })', '[1]'),
  arrives('"\\ud800 \\udc00 \\ud83d\\ude00"', '"\\ud800 \\udc00 😀"'),
  arrives('"\\u2028\\u2029\\u0000\\b\\"\\\\"', '"\u2028\u2029\\u0000\\b\\"\\\\"'),
  arrives('"x".repeat(100_000).length + "é".repeat(3)', '"100000ééé"'),
  arrives('({ "": 1, "a b": 2, "é": 3 })', '{"":1,"a b":2,"é":3}'),
  arrives('JSON.parse(\'{"__proto__":{"a":1},"constructor":2}\')', '{"__proto__":{"a":1},"constructor":2}'),
  arrives('Object.assign(Object.create(null), { a: 1 })', '{"a":1}'),
  arrives('({ [Symbol("s")]: 1, a: 2 })', '{"a":2}'),
  arrives('Object.defineProperty({ a: 1 }, "hidden", { value: 2, enumerable: false })', '{"a":1}'),
  arrives('Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } })', '{"own":2}'),
  arrives('new (class Point { x = 1; #y = 2; get sum() { return this.x + this.#y } })()', '{"x":1}'),
  arrives('new (class extends Array {})(1, 2, 3)', '[1,2,3]'),
  arrives('(function () { return arguments })(1, "a")', '{"0":1,"1":"a"}'),
  arrives('({ a: { b: {} }, c: [[], [[]]] })', '{"a":{"b":{}},"c":[[],[[]]]}'),
  arrives('(() => { const one = { a: 1 }; return [one, one, { one }] })()', '[{"a":1},{"a":1},{"one":{"a":1}}]'),
  arrives(
    '(() => { let calls = 0; return { get a() { return ++calls }, get b() { return calls } } })()',
    '{"a":1,"b":1}',
  ),
  arrives('new Proxy({ a: 1 }, {})', '{"a":1}'),
  arrives('new Proxy([1, 2], {})', '[1,2]'),
  arrives(
    'new Proxy({}, { ownKeys: () => ["k"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: (t, k) => (k === "k" ? "v" : undefined) })',
    '{"k":"v"}',
  ),
  arrives('JSON.parse("[".repeat(1000) + "]".repeat(1000))', '['.repeat(maxJsonNesting) + ']'.repeat(maxJsonNesting)),
  arrives('Object.freeze({ a: Object.freeze([1]) })', '{"a":[1]}'),
  arrives('({ then: 1 })', '{"then":1}'),
  arrives('({ [Symbol.toStringTag]: "Map", size: 0 })', '{"size":0}'),
  arrives('new (class { get [Symbol.toStringTag]() { return "Map" } a = 1 })()', '{"a":1}'),
  arrives('new (class Response { ok = true })()', '{"ok":true}'),
]

const boxed = [
  arrives('new String("a")', '"a"'),
  arrives('[new Number(1.5), new Number(NaN), new Boolean(false)]', '[1.5,null,false]'),
  arrives('({ a: Object("x"), b: Object(true) })', '{"a":"x","b":true}'),
  arrives('new (class extends String {})("sub")', '"sub"'),
  arrives('JSON.rawJSON("1.50")', '1.5'),
  arrives('({ a: [JSON.rawJSON("\\"x\\"")], b: JSON.rawJSON("null") })', '{"a":["x"],"b":null}'),
  arrives('new Date(0)', '"1970-01-01T00:00:00.000Z"'),
  arrives('[new Date(NaN)]', '[null]'),
]

const withToJson = [
  arrives('({ toJSON: () => ({ a: 1 }) })', '{"a":1}'),
  arrives(
    '({ a: { toJSON: (key) => `key ${key}` }, b: [{ toJSON: (key) => typeof key + key }] })',
    '{"a":"key a","b":["string0"]}',
  ),
  arrives('({ a: { toJSON: () => undefined }, b: [{ toJSON: () => undefined }] })', '{"b":[null]}'),
  arrives('({ a: { toJSON: () => ({ toJSON: 5, b: 2 }) } })', '{"a":{"toJSON":5,"b":2}}'),
  arrives('({ a: { toJSON: () => ({ b: { toJSON: () => 1 } }) } })', '{"a":{"b":1}}'),
  arrives('({ toJSON: 1 })', '{"toJSON":1}'),
  arrives('Object.assign(() => {}, { toJSON: () => "written" })', '"written"'),
  arrives('new (class extends Map { toJSON() { return [...this] } })([[1, 2]])', '[[1,2]]'),
  arrives('Object.assign(new Error("x"), { toJSON: () => ({ mine: true }) })', '{"mine":true}'),
  arrives('new URL("http://x/y?z")', '"http://x/y?z"'),
  arrives('new Date(0).toTemporalInstant()', '"1970-01-01T00:00:00Z"', 'guest'),
  arrives('Buffer.from("ab")', '{"type":"Buffer","data":[97,98]}', 'host'),
]

const errors = [
  arrives('new Error("x")', '{"name":"Error","message":"x"}'),
  arrives('new TypeError("wrong")', '{"name":"TypeError","message":"wrong"}'),
  arrives('new (class extends Error { name = "OwnError" })()', '{"name":"OwnError","message":""}'),
  arrives('({ ok: false, error: new RangeError("r") })', '{"ok":false,"error":{"name":"RangeError","message":"r"}}'),
  arrives(
    '[{ status: "rejected", reason: new Error("why") }]',
    '[{"status":"rejected","reason":{"name":"Error","message":"why"}}]',
  ),
  arrives(
    'Object.assign(new Error("x"), { code: "E_X", status: 404, details: { a: [1] } })',
    '{"name":"Error","message":"x","code":"E_X","status":404,"details":{"a":[1]}}',
  ),
  arrives(
    'new Error("outer", { cause: new Error("inner", { cause: "text" }) })',
    '{"name":"Error","message":"outer","cause":{"name":"Error","message":"inner","cause":"text"}}',
  ),
  arrives(
    'new AggregateError([new Error("1"), "two", new Map()], "all")',
    '{"name":"AggregateError","message":"all","errors":[{"name":"Error","message":"1"},"two",null]}',
  ),
  arrives(
    'new SuppressedError(new Error("1"), new Error("2"), "both")',
    '{"name":"SuppressedError","message":"both","error":{"name":"Error","message":"1"},"suppressed":{"name":"Error","message":"2"}}',
    'guest',
  ),
  arrives(
    '(() => { const e = new Error("x"); e.cause = e; e.self = { e }; return e })()',
    '{"name":"Error","message":"x","self":{}}',
  ),
  arrives(
    '(() => { const a = new Error("a"), b = new Error("b", { cause: a }); a.cause = b; return [a] })()',
    '[{"name":"Error","message":"a","cause":{"name":"Error","message":"b"}}]',
  ),
  arrives(
    '(() => { const list = []; list.push(Object.assign(new Error("x"), { list, ok: 1 })); return list })()',
    '[{"name":"Error","message":"x","ok":1}]',
  ),
  arrives(
    'Object.assign(new Error("x"), { run() {}, big: 1n, map: new Map(), kept: { fn() {}, a: 1 }, list: [() => {}] })',
    '{"name":"Error","message":"x","kept":{"a":1},"list":[null]}',
  ),
  arrives(
    'Object.defineProperty(new Error("x"), "bad", { enumerable: true, get() { throw 1 } })',
    '{"name":"Error","message":"x"}',
  ),
  arrives(
    'Object.assign(new Error("x"), { a: 1, bad: { toJSON() { throw 1 } }, c: { get bad() { throw 1 }, d: [{ toJSON: () => 2 }] } })',
    '{"name":"Error","message":"x","a":1,"c":{"d":[2]}}',
  ),
  arrives(
    '(() => { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return [Object.assign(new Error("x"), { proxy, list: [proxy, 1] })] })()',
    '[{"name":"Error","message":"x","list":[null,1]}]',
  ),
  arrives(
    'Object.assign(new Error("x"), { proxy: new Proxy({}, { ownKeys() { throw 1 } }), at: new Date(0), raw: JSON.rawJSON("1.50"), boxed: [new String("s"), new Number(2), Object(true), Object(1n)] })',
    '{"name":"Error","message":"x","at":"1970-01-01T00:00:00.000Z","raw":1.5,"boxed":["s",2,true,null]}',
  ),
  arrives(
    '[Object.assign(new Error("x"), { code: "X" }), new Error("y", { cause: { get bad() { throw 1 }, error: new Error("z") } })]',
    '[{"name":"Error","message":"x","code":"X"},{"name":"Error","message":"y","cause":{"error":{"name":"Error","message":"z"}}}]',
  ),
  arrives(
    'Object.assign(new Error("x"), { text: Object.assign(new String("s"), { toString() { throw 1 } }), twice: { toJSON: () => ({ toJSON: () => 2, a: 1 }) }, n: [NaN, -0, undefined, , "\\ud800"] })',
    '{"name":"Error","message":"x","twice":{"a":1},"n":[null,0,null,null,"\\ud800"]}',
  ),
  arrives(
    '(() => { const e = new Error("x"); const inner = { deep: {} }; inner.deep.back = inner; e.inner = inner; e.twice = [inner.deep, inner.deep]; return e })()',
    '{"name":"Error","message":"x","inner":{"deep":{}},"twice":[{"back":{}},{"back":{}}]}',
  ),
  arrives(
    'Object.assign(new Error("x"), { name: { not: "text" }, message: { a: 1 } })',
    '{"name":"Error","message":"{\\"a\\":1}"}',
  ),
  arrives(
    'Object.assign(new Error("x"), { name: "", message: 5, code: "" })',
    '{"name":"Error","message":"5","code":""}',
  ),
  arrives('Object.assign(new Error("x"), { stack: "own" })', '{"name":"Error","message":"x"}'),
  arrives(
    'Object.assign(Object.create(Error.prototype), { message: "old style" })',
    '{"name":"Error","message":"old style"}',
  ),
  arrives('new DOMException("stopped", "AbortError")', '{"name":"AbortError","message":"stopped","code":20}'),
  arrives('new Proxy(new Error("x"), {})', '{"name":"Error","message":"x"}'),
  arrives('[Object.setPrototypeOf(new TypeError("bare"), null)]', '[{"name":"Error","message":"bare"}]'),
  arrives('Object.setPrototypeOf([1], Error.prototype)', '[1]'),
  arrives(
    'vm.runInNewContext(\'new TypeError("realm", { cause: new Error("c") })\')',
    '{"name":"TypeError","message":"realm","cause":{"name":"Error","message":"c"}}',
    'host',
  ),
  arrives(
    'Object.assign(new Error("x"), { code: "ENOENT", errno: -2, syscall: "open", path: "/x" })',
    '{"name":"Error","message":"x","code":"ENOENT","errno":-2,"syscall":"open","path":"/x"}',
  ),
]

export const acceptedCases: readonly AcceptedCase[] = [...plain, ...boxed, ...withToJson, ...errors]

const refusedAt = (
  path: string,
  source: string,
  [reason, hint]: readonly [string, string],
  place: Place = 'both',
): RefusedCase => ({ source, path, reason, hint, place })
/** Returns a case whose value is at `.rows[1]` of another. */
const refused = (source: string, what: readonly [string, string], place: Place = 'both'): RefusedCase =>
  refusedAt('.rows[1]', `({ rows: [0, ${source}] })`, what, place)

const notJson = (what: string, hint: string) => [`is ${what}, which JSON cannot hold`, hint] as const
const other = 'Use the plain data that its methods and properties give.'
const aFunction = notJson('a function', 'Call it, or leave it out.')
const aSymbol = notJson('a symbol', 'Use symbol.description.')
const aBigInt = notJson('a BigInt', 'Use String(n), or Number(n) if it is small enough.')
const aMap = notJson('a Map', 'Use Object.fromEntries(map) or [...map].')
const aSet = notJson('a Set', 'Use [...set].')
const aPromise = notJson('a Promise', 'Await it; for a list of promises, use await Promise.all(list).')
const aTypedArray = notJson('a typed array', 'Use Array.from(array), or base64 text.')
const aBuffer = (name: string) => notJson(name, 'Use Array.from(new Uint8Array(buffer)), or base64 text.')
const aRegExp = notJson('a RegExp', 'Use regexp.source.')
const anIterator = notJson('an iterator', 'Use [...iterator].')
const anAsyncIterator = notJson('an async iterator', 'Use await Array.fromAsync(iterator).')
const noContents = 'Its contents cannot be listed. Keep the data in an array or an object.'
const cycle = (target: string) =>
  [
    `refers back to ${target}, which contains it: JSON cannot hold a cycle`,
    'Leave the reference out, or put an id in its place.',
  ] as const
const tooDeep = [
  `is nested too deeply: the limit is ${maxJsonNesting} levels of arrays and objects`,
  'Flatten it, for example to a list whose items refer to each other by id.',
] as const

export const refusedCases: readonly RefusedCase[] = [
  refusedAt('', '(() => 1)', aFunction),
  refusedAt('', 'Symbol("s")', aSymbol),
  refusedAt('', '10n ** 30n', aBigInt),
  refusedAt('', 'new Map([[1, 2]])', aMap),
  refusedAt('.a["b c"][0].then', '({ a: { "b c": [{ then() {} }] } })', aFunction),
  refusedAt('[0]["é"][""]', '[{ é: { "": 1n } }]', aBigInt),
  refused('class {}', aFunction),
  refused('async () => {}', aFunction),
  refused('new Proxy(() => {}, {})', aFunction),
  refused('Object(Symbol("s"))', aSymbol),
  refused('Object(1n)', aBigInt),
  refused('new Set([1])', aSet),
  refused('new (class extends Map {})()', aMap),
  refused('new (class extends Set {})()', aSet),
  refused('new Proxy(new Map(), {})', aMap),
  refused('Promise.resolve(1)', aPromise),
  refused('new (class extends Promise {})(() => {})', aPromise),
  refused('(async () => 1)()', aPromise),
  refused('new (class Query { then(resolve) { resolve(1) } })()', aPromise),
  refused('new WeakMap()', notJson('a WeakMap', noContents)),
  refused('new WeakSet()', notJson('a WeakSet', noContents)),
  refused('new Uint8Array(2)', aTypedArray),
  refused('new Float64Array(1)', aTypedArray),
  refused('new Proxy(new Uint8Array(2), {})', aTypedArray),
  refused('new BigInt64Array(1)', aTypedArray),
  refused('new ArrayBuffer(2)', aBuffer('an ArrayBuffer')),
  refused(
    'new DataView(new ArrayBuffer(2))',
    notJson('a DataView', 'Use Array.from(new Uint8Array(view.buffer)), or base64 text.'),
  ),
  refused('/x/g', aRegExp),
  refused('new (class extends RegExp {})("x")', aRegExp),
  refused('new Map().values()', anIterator),
  refused('new Set().entries()', anIterator),
  refused('[1].values()', anIterator),
  refused('"ab"[Symbol.iterator]()', anIterator),
  refused('"ab".matchAll(/a/g)', anIterator),
  refused('[1].values().map((x) => x)', anIterator),
  refused('Iterator.from({ next: () => ({ done: true }) })', anIterator),
  refused('(function* () { yield 1 })()', anIterator),
  refused('(async function* () { yield 1 })()', anAsyncIterator),
  refused(
    'new URLSearchParams("a=1")',
    notJson('a URLSearchParams object', 'Use Object.fromEntries(params) or String(params).'),
  ),
  refused('new URLSearchParams("a=1").keys()', anIterator),
  refused('new AbortController()', notJson('an AbortController', other)),
  refused('AbortSignal.abort()', notJson('an AbortSignal', other)),
  refused('new TextEncoder()', notJson('a TextEncoder', other)),
  refused('new Intl.NumberFormat()', notJson('an Intl.NumberFormat', other)),
  refused('new Intl.DateTimeFormat()', notJson('an Intl.DateTimeFormat', other)),
  refused('new Intl.Collator()', notJson('an Intl.Collator', other)),
  refused('new Intl.Locale("en")', notJson('an Intl.Locale', other)),
  refused('new Intl.Segmenter().segment("a b")', notJson('the segments of an Intl.Segmenter', 'Use [...segments].')),
  refused('new Intl.Segmenter().segment("a b")[Symbol.iterator]()', anIterator),
  refused('({ toJSON: () => () => 1 })', aFunction),
  refused('({ toJSON: () => new Map() })', aMap),
  refusedAt(
    '.list[1].back',
    '(() => { const a = { list: [0] }; a.list.push({ back: a }); return a })()',
    cycle('the value itself'),
  ),
  refusedAt(
    '.x.list[0].again',
    '(() => { const list = []; list.push({ again: list }); return { x: { list } } })()',
    cycle('.x.list'),
  ),
  refusedAt('.self', '(() => { const a = {}; a.self = a; return a })()', cycle('the value itself')),
  refusedAt('.a', '(() => { const a = {}; a.a = { toJSON: () => a }; return a })()', cycle('the value itself')),
  refusedAt(`${'[0]'.repeat(10)}…`, 'JSON.parse("[".repeat(1001) + "]".repeat(1001))', tooDeep),
  refusedAt(`${'[0]'.repeat(10)}…`, 'JSON.parse("[".repeat(100_000) + "]".repeat(100_000))', tooDeep),
  refusedAt(`${'.a'.repeat(10)}…`, 'JSON.parse("{\\"a\\":".repeat(5_000) + "1" + "}".repeat(5_000))', tooDeep),
  refusedAt(
    `${'.a'.repeat(10)}…`,
    '(() => { const next = () => ({ get a() { return next() } }); return next() })()',
    tooDeep,
  ),
  refused('new WeakRef({})', notJson('a WeakRef', 'Use ref.deref().'), 'host'),
  refused('new FinalizationRegistry(() => {})', notJson('a FinalizationRegistry', other), 'host'),
  refused('new SharedArrayBuffer(1)', aBuffer('a SharedArrayBuffer'), 'host'),
  refused('new WebAssembly.Memory({ initial: 1 })', notJson('a WebAssembly.Memory', other), 'host'),
  refused('new EventTarget()', notJson('an EventTarget', other)),
  refused('new Headers({ a: "1" })', notJson('a Headers object', 'Use Object.fromEntries(headers).'), 'host'),
  refused('new Response("{}")', notJson('a Response', 'Use await response.json() or await response.text().'), 'host'),
  refused('new Request("http://x")', notJson('a Request', 'Use await request.json() or await request.text().'), 'host'),
  refused('new FormData()', notJson('a FormData object', 'Use Object.fromEntries(form).'), 'host'),
  refused('new Blob(["x"])', notJson('a Blob', 'Use await blob.text().'), 'host'),
  refused('new File(["x"], "f")', notJson('a File', 'Use await file.text().'), 'host'),
  refused(
    'new ReadableStream()',
    notJson('a ReadableStream', 'Read it first: await new Response(stream).text().'),
    'host',
  ),
  refused('new Proxy(new Headers(), {})', notJson('a Headers object', 'Use Object.fromEntries(headers).'), 'host'),
  refused('vm.runInNewContext("new Map()")', aMap, 'host'),
  refused('vm.runInNewContext("new Set()")', aSet, 'host'),
  refused('vm.runInNewContext("Promise.resolve(1)")', aPromise, 'host'),
  refused('vm.runInNewContext("/x/")', aRegExp, 'host'),
  refused('vm.runInNewContext("new Uint8Array(1)")', aTypedArray, 'host'),
  refused('vm.runInNewContext("[1].values()")', anIterator, 'host'),
  refused('vm.runInNewContext("new WeakMap()")', notJson('a WeakMap', noContents), 'host'),
]
