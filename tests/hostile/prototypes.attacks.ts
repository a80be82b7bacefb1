/**
 * Attempts on all builtins at once: they detect every place where the runtime uses a property that user code can
 * replace.
 */
import { readdirSync, readFileSync } from 'node:fs'

import { type Attack, returns } from './attack.ts'

const guest = new URL('../../packages/executor/src/sandbox/guest/', import.meta.url)

/** Every word in the sources of the runtime, which includes the names of all properties that it reads or writes. */
const words = [
  ...new Set(
    readdirSync(guest, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .flatMap((name) => readFileSync(new URL(name, guest), 'utf8').match(/[A-Za-z_]\w*/g) ?? []),
  ),
]

/** Names that the language itself looks up in the guest's values, or that `Object.prototype` already has. */
const ofTheLanguage = ['constructor', 'get', 'set', 'then', 'toJSON', 'toString', 'valueOf', 'value', 'done']
const names = [
  ...words.filter((name) => !ofTheLanguage.includes(name)),
  ...Array.from({ length: 20 }, (_, i) => `${i}`),
]

/** Code that uses every function of the runtime and keeps the results in `did`. Its own part uses syntax only. */
const useAll = `
  const used = { tools, console, setTimeout, clearTimeout, setInterval, sleep, queueMicrotask, Date, now: Date.now, Object, Uint8Array,
    map: new Map([[{}, [1]]]), set: new Set([1]), date: new Date(0), error: new TypeError('e', { cause: new Error('c') }), bytes: new Uint8Array([1, 2]) }
  const useAll = async (did) => {
    const { tools, console, setTimeout, clearTimeout, setInterval, sleep, queueMicrotask } = used
    did.answer = await tools.echo({ a: [1, { b: 'ä' }], c: null })
    try { await tools.fails(1) } catch (error) { did.failure = error.code }
    try { await tools.echo(1, 2) } catch (error) { did.refusal = error.code }
    try { await tools.echo({ a: [1n] }) } catch (error) { did.invalid = error.data.path }
    console.log('a %s %d %j', 'b', 4, { a: 1 }, { 'a-b': [1, 'x'], c: new used.Date(0) }, () => {}, 5n, [,1])
    console.group('g'); console.error(null, undefined, -0, 'it\\'s'); console.groupEnd(); console.count(); console.table([1]); console.assert(false)
    console.time('t'); console.timeEnd('t')
    clearTimeout(setTimeout(() => {}, 1)); setTimeout(() => {}, 3)
    await sleep(1)
    let ran = 0
    queueMicrotask(() => { ran++ })
    await null
    did.ran = ran
    did.still = used.now() === used.now() && used.Date() !== ''
    did.href = new URL('http://ü.x/?a=1#b').href
    const url = new URL('b', 'http://x/a')
    url.searchParams.append('c', 'd')
    url.hash = 'e'
    did.url = url.href
    did.query = new URLSearchParams('a=1&b=2').toString()
    did.bytes = new TextEncoder().encode('äß€')[0]
    did.text = new TextDecoder().decode(new TextEncoder().encode('ä'))
    did.base64 = atob(btoa('hi'))
    did.uuid = crypto.randomUUID().length
    const controller = new AbortController()
    let heard = 0
    controller.signal.addEventListener('abort', () => { heard++ })
    controller.abort()
    did.heard = heard
    did.clone = structuredClone({ a: [1, { b: 2 }] }).a[1].b
    did.copies = structuredClone({ __proto__: null, map: used.map, set: used.set, date: used.date, error: used.error, bytes: used.bytes, pattern: /x/g, big: used.Object(1n) }).bytes[1]
    url.searchParams.set('c', 'e'); url.searchParams.delete('none'); url.searchParams.sort()
    let pairs = ''
    url.searchParams.forEach((value, name) => { pairs += name + value })
    did.pairs = pairs + url.searchParams.has('c') + url.searchParams.get('c') + url.searchParams.size
    try { new URL('none') } catch (error) { did.invalidUrl = error.code }
    try { atob('*') } catch (error) { did.invalidBase64 = error.name }
    did.decoded = new TextDecoder('utf-16le').decode(new TextEncoder().encode('a')) + new TextDecoder('latin1').decode(used.bytes).length
    did.random = crypto.getRandomValues(new used.Uint8Array(4)) !== null
    const target = new EventTarget()
    let events = ''
    target.addEventListener('x', (event) => { events += event.type + event.detail }, { __proto__: null, once: true, signal: new AbortController().signal })
    target.addEventListener('x', { __proto__: null, handleEvent() { events += '!' } })
    target.dispatchEvent(new CustomEvent('x', { __proto__: null, detail: 7, bubbles: true, cancelable: false, composed: false }))
    target.dispatchEvent(new Event('x'))
    did.events = events
    const timeout = AbortSignal.timeout(1)
    await sleep(2)
    did.timedOut = timeout.aborted && timeout.reason.name
    did.aborted = AbortSignal.any === undefined ? true : AbortSignal.abort('why').reason
    console.dir(used.map); console.info(used.set, used.error, used.bytes, used.date); console.debug(new DOMException('x', 'y')); console.warn(url); console.trace('t')
    console.countReset(); console.timeLog('none'); clearTimeout(setInterval(() => {}, 5))
  }`

const allDone = {
  answer: { a: [1, { b: 'ä' }], c: null },
  failure: 'TOOL_ERROR',
  refusal: 'TOOL_INPUT_INVALID',
  invalid: '.a[0]',
  ran: 1,
  still: true,
  href: 'http://xn--tda.x/?a=1#b',
  url: 'http://x/b?c=d#e',
  query: 'a=1&b=2',
  bytes: 195,
  text: 'ä',
  base64: 'hi',
  uuid: 36,
  heard: 1,
  clone: 2,
  copies: 2,
  pairs: 'cetruee1',
  invalidUrl: 'ERR_INVALID_URL',
  invalidBase64: 'InvalidCharacterError',
  decoded: '\ufffd2',
  random: true,
  events: 'x7!!',
  timedOut: 'TimeoutError',
  aborted: 'why',
}

/**
 * Returns code that defines getters and setters for all names on `holder` while it uses the runtime, and returns what
 * they recorded.
 */
const watch = (holder: string) => `${useAll}
  const seen = []
  const define = Reflect.defineProperty, remove = Reflect.deleteProperty, holder = ${holder}, added = []
  for (const name of input) {
    if (name in holder || name in globalThis) continue
    added[added.length] = name
    const note = (kind) => { define(seen, seen.length, { __proto__: null, value: kind + ' ' + name, enumerable: true, configurable: true, writable: true }) }
    define(holder, name, { __proto__: null, configurable: true, get() { note('get'); return undefined }, set() { note('set') } })
  }
  const did = Object.assign(Object.create(null), ${JSON.stringify(Object.fromEntries(Object.keys(allDone).map((key) => [key, 0])))})
  const extra = () => [new Intl.DateTimeFormat('en').format(), new Intl.DateTimeFormat('en').formatToParts(), Temporal.Now.instant(), Temporal.Now.zonedDateTimeISO('UTC'),
    Temporal.Now.plainDateISO(), Date(), new (class extends Date {})(), performance.timeOrigin, new Uint8Array(4).map((byte) => byte).with(0, 1).slice(1).toSorted(),
    new ArrayBuffer(8).slice(2).transfer(4), Uint8Array.from([1]), Uint8Array.fromHex('00'), Math.random(), new Error('x').stack, Reflect.ownKeys(tools), 'echo' in tools]
  try { extra(); await useAll(did) } finally { for (const name of added) remove(holder, name) }
  return [[...new Set(seen)], added.length > 500, did]`

/**
 * Code that replaces every reachable function and accessor by one that records its name, uses the runtime, and returns
 * the records.
 */
const spyOnAll = `${useAll}
  const { ownKeys, getOwnPropertyDescriptor, defineProperty, apply } = Reflect
  const { has, add } = Set.prototype
  const seen = [], spies = [], visited = new Set()
  // V8 reads the hook of stack traces, so the code would see its own reads.
  const untouched = new Set([Promise.prototype.constructor, Reflect.getOwnPropertyDescriptor(Error, 'prepareStackTrace').get, tools])
  const queue = [['', globalThis], ['AsyncFunction', (async () => {}).constructor], ['arrayIterator', [][Symbol.iterator]()],
    ['mapIterator', new Map().entries()], ['generator', (function* () {})()], ['regExpIterator', 'a'.matchAll(/a/g)]]
  while (queue.length > 0) {
    const [path, value] = queue.pop()
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue
    if (apply(has, visited, [value]) || value === tools || value === console) continue
    apply(add, visited, [value])
    queue.push([path + '.__proto__', Object.getPrototypeOf(value)])
    for (const key of ownKeys(value)) {
      const descriptor = getOwnPropertyDescriptor(value, key)
      const name = path + '.' + String(key)
      if (value === globalThis && descriptor.get) continue
      for (const each of [descriptor.value, descriptor.get, descriptor.set]) queue.push([name, each])
      if (!descriptor.configurable || apply(has, untouched, [descriptor.get ?? descriptor.value])) continue
      const note = () => { defineProperty(seen, seen.length, { __proto__: null, value: name, enumerable: true, configurable: true, writable: true }); throw name }
      if (descriptor.get) spies.push([value, key, { __proto__: null, configurable: true, get: note, set: note }])
      else if (typeof descriptor.value === 'function') spies.push([value, key, { __proto__: null, configurable: true, writable: true, value: note }])
    }
  }
  const count = spies.length
  const did = Object.assign(Object.create(null), ${JSON.stringify(Object.fromEntries(Object.keys(allDone).map((key) => [key, 0])))})
`

export const attacks: readonly Attack[] = [
  returns(
    'the runtime reads and sets no name of its own on Object.prototype',
    [[], true, allDone],
    watch('Object.prototype'),
    { input: names },
  ),
  returns('the runtime reads and sets no name on Array.prototype', [[], true, allDone], watch('Array.prototype'), {
    input: names,
  }),
  returns(
    'the runtime reads and sets no name on Function.prototype',
    [[], true, allDone],
    watch('Function.prototype'),
    { input: names },
  ),
  returns(
    'the runtime reads and sets no name on Promise.prototype or Error.prototype',
    [[], true, allDone],
    watch('Promise.prototype').replace(
      'const did',
      `Object.setPrototypeOf(Error.prototype, Promise.prototype)\n const did`,
    ),
    { input: names },
  ),
  returns(
    'the runtime reads and sets no name on the prototypes of strings, numbers and booleans',
    [[], true, allDone],
    watch(
      'Object.setPrototypeOf(String.prototype, Object.setPrototypeOf(Number.prototype, Object.setPrototypeOf(Boolean.prototype, Object.create(Object.prototype)))) && Object.getPrototypeOf(Boolean.prototype)',
    ),
    { input: names },
  ),
  returns(
    'the runtime reads and sets no undeclared variable through globalThis',
    [[], true, allDone],
    watch('Object.getPrototypeOf(globalThis)'),
    { input: names },
  ),
  returns(
    'the runtime calls no builtin that the guest has replaced',
    [[], true, allDone],
    `${spyOnAll}
     for (let i = 0; i < count; i++) defineProperty(spies[i][0], spies[i][1], spies[i][2])
     await useAll(did)
     return [seen, count > 900, did]`,
  ),
  returns(
    'the runtime works without globals that the code deletes or replaces by getters',
    [[], allDone],
    `${useAll}
     const did = {}, seen = [], { defineProperty, deleteProperty, ownKeys } = Reflect
     const kept = ['AbortController', 'AbortSignal', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams', 'atob', 'btoa', 'crypto', 'structuredClone', 'Event', 'CustomEvent', 'EventTarget', 'DOMException']
     const all = ownKeys(globalThis).filter((name) => !kept.includes(name))
     const scope = globalThis
     for (let i = 0; i < all.length; i++) {
       deleteProperty(scope, all[i])
       defineProperty(scope, all[i], { __proto__: null, configurable: true, get() { seen.push(all[i]); return undefined } })
     }
     await useAll(did)
     return [seen, did]`,
  ),
  returns(
    'the runtime reads nothing from a Proxy as the prototype of globalThis (realms-shim: scope proxies)',
    [[], allDone],
    `${useAll}
     const seen = [], did = {}
     const note = (_target, key) => { seen.push(String(key)); return false }
     Object.setPrototypeOf(Object.getPrototypeOf(globalThis) === Object.prototype ? globalThis : Object.getPrototypeOf(globalThis),
       new Proxy(Object.create(Object.prototype), { has: note, get: (_target, key) => void note(_target, key), set: note }))
     await useAll(did)
     return [seen, did]`,
  ),
  returns(
    'the runtime works with every object frozen, globalThis included (SES: the override mistake)',
    [allDone, true],
    `${useAll}
     const did = {}
     const seen = new Set()
     const freeze = (value) => {
       if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value) || value === tools || value === did) return
       seen.add(value)
       for (const key of Reflect.ownKeys(value)) {
         const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
         if (value !== globalThis) { freeze(descriptor.get); freeze(descriptor.set) }
         freeze(descriptor.value)
       }
       freeze(Object.getPrototypeOf(value))
       Object.freeze(value)
     }
     freeze(globalThis)
     await useAll(did)
     return [did, Object.isFrozen(Array.prototype)]`,
  ),
  returns(
    'the runtime reads no symbol that changes how values are converted, spread or matched',
    [[], allDone],
    `${useAll}
     const seen = [], did = {}, added = []
     const holders = [Object.prototype, Function.prototype, Array.prototype, String.prototype, RegExp.prototype, Promise.prototype, Error.prototype, Map.prototype, Uint8Array.prototype]
     for (const symbol of [Symbol.toPrimitive, Symbol.isConcatSpreadable, Symbol.unscopables, Symbol.match, Symbol.matchAll, Symbol.replace, Symbol.search, Symbol.split, Symbol.asyncIterator, Symbol.dispose, Symbol.asyncDispose, Symbol.species]) {
       for (const holder of holders) {
         const get = () => { seen.push(symbol.description); return undefined }
         if (Reflect.defineProperty(holder, symbol, { get, configurable: true })) added.push([holder, symbol])
       }
     }
     await useAll(did)
     return [seen, did]`,
  ),
  returns(
    'a stack overflow within the runtime leaves its state consistent',
    [true, { a: 1 }, ['first', 'second'], 'http://x/'],
    `const order = []
     let failed = 0
     const deep = (act) => { try { act() } catch { failed++; return } deep(act); try { act() } catch { failed++ } }
     const acts = [() => void tools.echo(1).catch(() => {}), () => clearTimeout(setTimeout(() => {}, 50)), () => console.log({ a: [1] }),
       () => new URL('http://x'), () => crypto.randomUUID(), () => structuredClone({ a: 1 }), () => void sleep(1), () => queueMicrotask(() => {})]
     let calls = 0
     acts[0] = () => { if (calls++ < 40) void tools.echo(1).catch(() => {}); else throw 1 }
     for (const act of acts) {
       let count = 0
       const some = act === acts[6] ? () => { if (count++ > 500) throw 1; act() } : act
       const sink = (depth) => { try { if (depth > 0) return sink(depth - 1); some() } catch { failed++ } }
       const fall = () => { try { fall() } catch { failed++; try { some() } catch { failed++ } } }
       try { fall() } catch {}
       sink(100)
     }
     setTimeout(() => order.push('second'), 12)
     setTimeout(() => order.push('first'), 10)
     await sleep(20)
     return [failed > 10, await tools.echo({ a: 1 }), order, new URL('http://x').href]`,
    { cpuTimeoutMs: 20_000 },
  ),
]
