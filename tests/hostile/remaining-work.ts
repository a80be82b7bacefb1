/** Work that a guest has begun when it ends, or tries to have begun by others after its end. */
interface RemainingWork {
  readonly title: string
  /** Code of the guest. Whoever runs its leftovers calls `late`, which the host notices. */
  readonly leave: string
}

const pending: readonly RemainingWork[] = [
  { title: 'a promise that never settles', leave: 'new Promise(() => {}).then(late); return 1' },
  {
    title: 'calls that nobody has answered',
    leave: 'tools.echo(1).then(late, late); void tools.echo(2).finally(late)',
  },
  { title: 'timers', leave: 'setTimeout(late, 0); setInterval(late, 1); sleep(0).then(late); return 1' },
  { title: 'a timeout of a signal', leave: 'AbortSignal.timeout(0).onabort = late; return 1' },
  {
    title: 'an event target and an abort signal with listeners',
    leave:
      'const target = new EventTarget(); target.addEventListener("x", late); const c = new AbortController(); c.signal.addEventListener("abort", late); AbortSignal.any([c.signal]).onabort = late; globalThis.kept = [target, c]; return 1',
  },
  {
    title: 'suspended generators',
    leave: `
      const kept = [(function* () { try { yield 1 } finally { late() } })(), (async function* () { try { yield 1 } finally { late() } })()]
      for (const each of kept) each.next()
      Array.fromAsync({ async *[Symbol.asyncIterator]() { try { await new Promise(() => {}) } finally { late() } } })
      globalThis.kept = kept
      return 1`,
  },
  {
    title: 'an async function that waits for a promise of its global object',
    leave:
      'globalThis.resolvers = Promise.withResolvers(); (async () => { try { await resolvers.promise } finally { late() } })(); return 1',
  },
  {
    title: 'resources that are never disposed of',
    leave:
      'const s = new AsyncDisposableStack(); s.defer(late); const t = new DisposableStack(); t.defer(late); globalThis.kept = [s, t]; return 1',
  },
  {
    title: 'an import',
    leave:
      'const from = ["im", "port"].join(""); Function(`return ${from}("x")`)().then(late, () => sleep(0).then(late)); return 1',
  },
]

const atTheEnd: readonly RemainingWork[] = [
  {
    title: 'microtasks that queue others long after its end',
    leave:
      '(async () => { for (let i = 0; i < 1e4; i++) await null; await new Promise(() => {}); late() })(); return 1',
  },
  {
    title: 'rejections with getters that queue more',
    leave: `
      const reason = () => ({ get message() { late(); Promise.resolve().then(late); Promise.reject(reason()); return 'x' }, get stack() { late() }, toString: late })
      for (let i = 0; i < 100; i++) Promise.reject(reason())
      queueMicrotask(() => Promise.reject(reason()))
      return 1`,
  },
  {
    title: 'rejections after its end',
    leave:
      '(async () => { for (let i = 0; i < 50; i++) await null; Promise.reject({ get message() { late() }, then: late }); throw new Proxy({}, { get: late, getPrototypeOf: late }) })(); return 1',
  },
  {
    title: 'an error that is thrown with getters, beside rejections',
    leave:
      'const hostile = () => ({ get name() { Promise.reject(hostile()) }, get message() { Promise.reject(hostile()) }, get stack() { Promise.reject(hostile()) } }); throw hostile()',
  },
  {
    title: 'promises that were handled too late',
    leave:
      'const p = Promise.reject({ get message() { late() } }); (async () => { for (let i = 0; i < 30; i++) await null; p.catch(() => {}); Promise.reject(p) })(); return 1',
  },
  {
    title: 'a value that queues work while it is serialised',
    leave: `
      const later = () => (async () => { await new Promise(() => {}); late() })()
      return { toJSON() { later(); setTimeout(late, 0); return new Proxy({ a: 1 }, { ownKeys: (t) => (later(), Reflect.ownKeys(t)), get: (t, k) => (later(), t[k]) }) } }`,
  },
  {
    title: 'a thenable that is resolved twice',
    leave:
      'return { then(resolve) { resolve(1); setTimeout(late, 0); new Promise(() => {}).then(late); resolve({ then: late }) } }',
  },
  {
    title: 'a stack that is exhausted when it ends',
    leave:
      'const f = () => { try { f() } catch { setTimeout(late, 0); Promise.reject({ get message() { late() } }) } }; queueMicrotask(f); return 1',
  },
  {
    title: 'a stack that is exhausted in every microtask',
    leave:
      'let n = 0; const f = () => { n < 30 ? f.call() : f() }; const g = async () => { for (let i = 0; i < 20; i++) { try { (function deep() { deep() })() } catch {} await null } await new Promise(() => {}); late() }; g(); return 1',
  },
]

const inPlaces: readonly RemainingWork[] = [
  {
    title: 'getters on its own global object',
    leave: `
      const { defineProperty } = Object
      for (const key of Reflect.ownKeys(globalThis)) try { defineProperty(globalThis, key, { get: late, set: late }) } catch {}
      for (const key of ['then', 'gc', 'filename', 'timeout', 'reference', 'result', 'arguments', 'cachedData']) defineProperty(globalThis, key, { get: late, set: late })
      return 1`,
  },
  {
    title: 'getters in Object.prototype',
    leave: `
      const { defineProperty } = Object
      for (const key of ['then', 'toJSON', 'message', 'stack', 'name', 'constructor', 'reference', 'timeout', 'filename', 'global', 'length', Symbol.iterator])
        defineProperty(Object.prototype, key, { __proto__: null, get() { setTimeout(late, 0); return undefined }, set() {}, configurable: true })`,
  },
  {
    title: 'proxies as the prototypes of its global object and of Object.prototype',
    leave: `
      const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, (...args) => (setTimeout(late, 0), Reflect[name](...args))]))
      try { Object.setPrototypeOf(globalThis, new Proxy(Object.create(null), traps)) } catch {}
      try { Object.setPrototypeOf(Object.prototype, new Proxy({ __proto__: null }, traps)) } catch {}
      return 1`,
  },
  {
    title: 'a formatter of stacks',
    leave:
      'Error.prepareStackTrace = (error, sites) => (setTimeout(late, 0), sites); globalThis.kept = [new Error("x"), new RangeError("y")]; Promise.reject(new Error("z")); throw new Error("end")',
  },
  {
    title: 'replaced methods of promises',
    leave: `
      const { then } = Promise.prototype
      Promise.prototype.then = function (...args) { setTimeout(late, 0); return then.apply(this, args) }
      Object.defineProperty(Promise, Symbol.species, { get() { setTimeout(late, 0); return undefined }, configurable: true })
      await null; return Promise.resolve(1)`,
  },
  {
    title: 'a replaced console, tools and timers',
    leave:
      'for (const name of ["console", "tools", "setTimeout", "queueMicrotask", "sleep", "structuredClone", "URL", "Date", "Math", "JSON", "Reflect", "Promise"]) try { globalThis[name] = new Proxy(late, { get: () => late, construct: () => ({ late: late() }) }) } catch {} return 1',
  },
  {
    title: 'functions of the runtime that it has captured',
    leave: `
      const captured = new Set()
      const seen = new Set()
      const { ownKeys } = Reflect
      const keep = (value) => {
        if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value) || seen.size > 500) return
        seen.add(value)
        if (typeof value === 'function') captured.add(value)
        for (const key of ownKeys(value)) try { keep(value[key]) } catch {}
      }
      const callers = Function('keep', \`return function callers() {
        try { for (let f = callers.caller, i = 0; f && i < 50; f = f.caller, i++) { keep(f); keep(f.arguments) } } catch {}
        try { keep(arguments.callee.caller); keep(arguments.callee.caller.arguments) } catch {}
      }\`)(keep)
      const wrap = (object, name) => { const original = object[name]; try { object[name] = function (...args) { callers(); args.forEach(keep); keep(this === globalThis ? undefined : this); return original.apply(this, args) } } catch {} }
      const { apply } = Function.prototype
      for (const [object, names] of [[Reflect, ['apply', 'construct', 'get', 'ownKeys']], [JSON, ['stringify', 'parse']], [Map.prototype, ['get', 'set']], [WeakMap.prototype, ['get', 'set']], [Array.prototype, ['push', 'map', 'join']], [Promise.prototype, ['then']]]) names.forEach((name) => wrap(object, name))
      Error.prepareStackTrace = (error, sites) => { for (const site of sites) { keep(site.getFunction?.()); keep(site.getThis?.()) } return 'x' }
      const value = { get a() { callers(); keep(new Error().stack); return 1 }, toJSON(...args) { callers(); args.forEach(keep); return new Proxy({ b: 1 }, { get(t, k, r) { callers(); keep(r); return t[k] } }) } }
      console.log(value, { [Symbol.for('nodejs.util.inspect.custom')]: (...args) => args.forEach(keep) })
      await tools.echo(value); await tools.echo({ toJSON: value.toJSON })
      const useAll = () => { for (const each of captured) for (const args of [['log', 'error', 'late', ''], ['call', 9, 'echo', '{}'], ['end', '{"ok":true}', 0, ''], ['timer', 1, 0, ''], ['result', '"late"', 0, '']]) try { each(...args) } catch {} late() }
      setTimeout(useAll, 0); tools.echo(1).then(useAll); new Promise(() => {}).then(useAll); globalThis.useAll = useAll
      return value`,
  },
]

export const remainingWork: readonly RemainingWork[] = [...pending, ...atTheEnd, ...inPlaces]
