/**
 * Guest that reads everything that it can: the whole realm, all clocks and randomness, the state of builtins, fresh
 * memory, and what happens in three turns. What it reports may depend on its journal only.
 */
export const looker = `
  const found = []
  const note = (...values) => found.push(values.map(String).join(' '))

  const seen = new Set()
  const queue = [['globalThis', globalThis]]
  while (queue.length > 0) {
    const [path, object] = queue.shift()
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null || seen.has(object)) continue
    seen.add(object)
    const flags = [Object.isExtensible(object), Object.isFrozen(object), Object.prototype.toString.call(object)]
    note(path, typeof object, ...flags, typeof object === 'function' ? object.name + object.length + object : '')
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, set, ...attributes } = Reflect.getOwnPropertyDescriptor(object, key)
      const at = path + '.' + String(key)
      note(at, JSON.stringify(attributes), Object(value) === value ? '' : String(value))
      for (const [kind, each] of [['', value], [':get', get], [':set', set]]) queue.push([at + kind, each])
    }
    queue.push([path + '.__proto__', Object.getPrototypeOf(object)])
  }

  note(Date.now(), new Date(), performance.now(), performance.timeOrigin, Temporal.Now.instant(), Temporal.Now.timeZoneId())
  note(Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4)))
  note(RegExp.$1, RegExp.$_, RegExp.input, RegExp.lastMatch, RegExp.lastParen, RegExp.leftContext, RegExp.rightContext)
  note(Error.stackTraceLimit, Error.prepareStackTrace, new Error('x').stack, JSON.stringify(Object.getOwnPropertyDescriptors(new Error('x'))))
  for (const Format of [Intl.DateTimeFormat, Intl.NumberFormat, Intl.Collator, Intl.PluralRules]) note(JSON.stringify(new Format().resolvedOptions()))
  note((1234.5).toLocaleString(), new Date(0).toLocaleString(), 'ä'.localeCompare('z'), ['ä', 'a', 'z'].sort(new Intl.Collator().compare))
  const template = (0, eval)('((tag) => tag\`same \${1}\`)')((strings) => strings)
  note(Object.isFrozen(template), Reflect.ownKeys(template), Reflect.ownKeys(template.raw))
  note(Reflect.ownKeys(Function('return () => 1')()), Function('a', 'return a') + '', (0, eval)('typeof left + typeof kept + typeof late'))
  for (const name of ['left', 'late', 'same']) note(Symbol.for(name).description, Symbol.keyFor(Symbol.for(name)), Reflect.ownKeys(Object(Symbol.for(name))))
  note('xaxbx'.split('x'), 'a1b2'.replace(/\\d/g, (d) => d * 2), [...'a1b2'.matchAll(/[a-z]/g)], /(?<left>a)/.exec('a').groups.left)
  note([..."iterated"], [...new Map([[1, 2]])], [...new Set([3])], [1, [2]].flat(), [1].concat([2]), Array.from({ length: 2 }), [, 1].indexOf(undefined))
  note(new Uint8Array(4096).some(Boolean), new Uint8Array(new ArrayBuffer(16).transfer(4096)).some(Boolean), new Float64Array([1, 2]).map((x) => x * 2))
  note(JSON.stringify({ a: [1, { b: new Date(0) }], toJSON: undefined }), JSON.stringify(structuredClone(new Map([[1, { a: 1 }]]))))
  note(Object.keys(tools), typeof tools.echo, input.a, Object.keys(context), Object.keys(config), [] instanceof Array, (() => {}) instanceof Function)
  note((() => { try { null.x } catch (error) { return error.stack + error.constructor.name } })(), new URL('http://x/a?b#c'), new TextEncoder().encode('ä'))

  const order = []
  for (let i = 0; i < 3; i++) Promise.resolve().then(() => order.push('then' + i))
  queueMicrotask(() => order.push('microtask'))
  ;(async () => { await null; order.push('async'); await { then: (done) => done() }; order.push('thenable') })()
  note(setTimeout(() => order.push('timer'), 3), await Promise.race([sleep(1).then(() => 'sleep'), new Promise(() => {})]))
  console.log('logged', { order }, new Map([[1, order]]))
  note(await tools.echo({ order }), await Promise.allSettled([tools.echo(1), Promise.reject(2), tools.echo(3)]))
  await sleep(5)
  note(order, typeof left, typeof kept, typeof late)
  return found`
