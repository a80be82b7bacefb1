/**
 * Attempts to bring something into the guest that its journal does not contain: a clock, randomness, memory, a race.
 */
import { type Attack, returns } from './attack.ts'

/** Code that keeps the CPU busy for much longer than the resolution of any clock. */
const busy = 'for (let i = 0; i < 2e6; i++);'

/** Returns an attack that reads a clock twice within a turn. */
const still = (title: string, read: string): Attack =>
  returns(
    title,
    true,
    `const read = () => ${read}; const before = read(); ${busy} await null; ${busy} return Object.is(before, read())`,
  )

const clocks: Attack[] = [
  still(
    'a clock stands still in a turn for a subclass of Date made by Reflect.construct',
    `Reflect.construct(Date, [], class extends Date {}).getTime()`,
  ),
  still(
    'a clock stands still in a turn for a new.target of another kind',
    `Date.prototype.getTime.call(Reflect.construct(Date, [], Array))`,
  ),
  still(
    'a clock stands still in a turn for the constructor of any date',
    `new (new Date(0).constructor)().getTime() + new (Object.getPrototypeOf(new Date(0)).constructor)().getTime()`,
  ),
  still(
    'a clock stands still in a turn for a bound, proxied or applied Date',
    `+new (Date.bind(null))() + +new (new Proxy(Date, {}))() + Reflect.apply(Date.now, null, [])`,
  ),
  still(
    'a clock stands still in a turn for a Date that is called',
    `Date.call({}) + Date.apply(null, [0]) + Reflect.apply(Date, Date, [])`,
  ),
  still('a clock stands still in a turn for a copy by structuredClone', `structuredClone(new Date()).getTime()`),
  still(
    'a clock stands still in a turn for Date.prototype.toLocaleString',
    `new Date().toLocaleString('en', { fractionalSecondDigits: 3, second: '2-digit' })`,
  ),
  still(
    'a clock stands still in a turn for toTemporalInstant',
    `String(new Date().toTemporalInstant().epochNanoseconds)`,
  ),
  still(
    'a clock stands still in a turn for each function of Temporal.Now',
    `Object.getOwnPropertyNames(Temporal.Now).filter((name) => name !== 'constructor').map((name) => String(Temporal.Now[name]())).join()`,
  ),
  still(
    'a clock stands still in a turn for Temporal.Now in a time zone',
    `String(Temporal.Now.zonedDateTimeISO('Asia/Kathmandu')) + String(Temporal.Now.plainTimeISO('Pacific/Chatham'))`,
  ),
  still(
    'a clock stands still in a turn for the default argument of Intl.DateTimeFormat, bound or fetched',
    `(() => { const format = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'full' }); const { format: bound } = format; return bound() + bound(undefined) + Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format').get.call(format)() })()`,
  ),
  still(
    'a clock stands still in a turn for formatToParts',
    `JSON.stringify(Intl.DateTimeFormat.prototype.formatToParts.call(new Intl.DateTimeFormat('en', { fractionalSecondDigits: 3 })))`,
  ),
  still(
    'a clock stands still in a turn for Intl.DateTimeFormat called as a function',
    `Intl.DateTimeFormat('en', { fractionalSecondDigits: 3, second: 'numeric' }).format()`,
  ),
  still(
    'a clock stands still in a turn for performance, its origin and its entries',
    `JSON.stringify([performance.now(), performance.timeOrigin, typeof performance.mark, typeof performance.timing, typeof performance.memory, typeof performance.toJSON])`,
  ),
  still(
    'a clock stands still in a turn for the time stamp of an event',
    `new CustomEvent('x').timeStamp + (() => { const controller = new AbortController(); let at; controller.signal.onabort = (event) => { at = event.timeStamp }; controller.abort(); return at })()`,
  ),
  still(
    'a clock stands still in a turn for console.time',
    `(() => { console.time('x'); console.timeEnd('x'); return 0 })()`,
  ),
  returns(
    'every clock and the log measure a duration of zero within a turn',
    [0, 0, '0'],
    `const start = Date.now(), since = performance.now(); console.time('t'); ${busy}; console.timeEnd('t')
     return [Date.now() - start, performance.now() - since, String(Temporal.Now.instant().epochMilliseconds - start)]`,
  ),
  returns(
    'Intl formats that take two dates do not default to now',
    ['TypeError', 'TypeError'],
    `const format = new Intl.DateTimeFormat('en')
     return ['formatRange', 'formatRangeToParts'].map((name) => { try { return format[name]() } catch (error) { return error.name } })`,
  ),
]

const randomness: Attack[] = [
  returns(
    'the seed is the only source of randomness',
    ['undefined', 'undefined', true, ['getRandomValues', 'randomUUID'], 'undefined'],
    `return [typeof crypto.subtle, typeof crypto.constructor.getRandomValues, crypto.constructor === Object, Object.getOwnPropertyNames(crypto).toSorted(), typeof Math.seedrandom]`,
  ),
  returns(
    'deleting Math.random reveals no original function',
    ['undefined', 'undefined', false],
    `delete Math.random; return [typeof Math.random, typeof Object.getPrototypeOf(Math).random, Reflect.ownKeys(Math).includes('random')]`,
  ),
  returns(
    'no reachable object observes the garbage collector',
    [],
    `const names = ['WeakRef', 'FinalizationRegistry', 'gc', 'SharedArrayBuffer', 'Atomics', 'WebAssembly', 'ShadowRealm', 'Worker', 'setImmediate', 'MessageChannel', 'queueTask', 'scheduler', 'navigator', 'global', 'self', 'window', 'd8', 'print', 'load', 'Realm', 'v8', 'chrome', '%DebugPrint']
     const found = names.filter((name) => { try { return (0, eval)('typeof ' + name) !== 'undefined' } catch { return false } })
     const seen = new Set(), queue = [globalThis, (async function* () {})(), [][Symbol.iterator](), new Map().keys(), 'x'.matchAll(/x/g), new Intl.Segmenter().segment('x')]
     for (const name of Object.getOwnPropertyNames(globalThis)) queue.push(globalThis[name])
     while (queue.length > 0) {
       const value = queue.pop()
       if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue
       seen.add(value)
       const tag = Object.prototype.toString.call(value).slice(8, -1)
       if (names.includes(tag) || (typeof value === 'function' && names.includes(value.name))) found.push(tag + ' ' + value.name)
       queue.push(Object.getPrototypeOf(value))
       for (const key of Reflect.ownKeys(value)) {
         const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
         queue.push(descriptor.value, descriptor.get, descriptor.set)
       }
     }
     return found`,
  ),
  returns(
    'natives syntax is a syntax error',
    'SyntaxError',
    `try { (0, eval)('%GetHeapUsage()') } catch (error) { return error.name }`,
  ),
  returns(
    'unwritten buffers are zeros, whatever created them',
    [],
    `const made = { buffer: new ArrayBuffer(4_096), view: new Uint8Array(4_096).buffer, of: new Float64Array(512).buffer, transferred: new ArrayBuffer(1).transfer(4_096), sliced: new ArrayBuffer(8_192).slice(2_048, 6_144),
       grown: new Uint8Array([0]).buffer.transferToFixedLength(4_096), mapped: new Uint8Array(4_096).subarray(0).buffer, length: Uint8Array.from({ length: 4_096 }).buffer }
     return Object.keys(made).filter((name) => made[name].byteLength !== 4_096 || new Uint8Array(made[name]).some((byte) => byte !== 0))`,
  ),
  returns(
    'keys, entries and sorted items have the order of the specification',
    [['1', '2', 'b', 'a'], ['z', 'a', 1], [0, 1, 2, 3, 4], true],
    `const stable = Array.from({ length: 2_000 }, (_, i) => ({ key: i % 5, i })).toSorted((a, b) => a.key - b.key)
     return [Object.keys({ b: 0, 2: 0, a: 0, 1: 0 }), [...new Map([['z', 0], ['a', 0], [1, 0]]).keys()], [...new Set(stable.map(({ key }) => key))],
       stable.every((each, i) => i === 0 || stable[i - 1].key !== each.key || stable[i - 1].i < each.i)]`,
  ),
  returns(
    'locale, time zone and calendar do not depend on the machine',
    ['en-US', 'UTC', 'gregory', 'latn', 0, '1/2/1970, 12:00:00 AM', '1,234.5'],
    `const { locale, timeZone, calendar, numberingSystem } = new Intl.DateTimeFormat().resolvedOptions()
     return [locale, timeZone, calendar, numberingSystem, new Date(2024, 6).getTimezoneOffset(), new Date(864e5).toLocaleString(), (1234.5).toLocaleString()]`,
  ),
]

const races: Attack[] = [
  returns(
    'no answer and no timer arrives within a turn, however long it lasts',
    [[], ['timer', 'answer']],
    `const came = []
     void tools.echo('x').then(() => came.push('answer'))
     setTimeout(() => came.push('timer'), 1)
     for (let i = 0; i < 1e5; i++) await null
     ${busy}
     const within = [...came]
     await tools.echo('y'); await sleep(5)
     return [within, came.toSorted().toReversed()]`,
  ),
  returns(
    'each answer arrives in a turn of its own',
    [true, 0],
    `let turns = 0, together = 0, lastTurn = -1
     const all = Array.from({ length: 20 }, (_, i) => tools.echo(i).then(() => { queueMicrotask(() => { turns++ }); if (lastTurn === turns) together++; lastTurn = turns }))
     await Promise.all(all)
     return [turns >= 19, together]`,
  ),
  returns(
    'timers that are due together fire in the order in which they were set',
    ['a', 'b', 'c', 'd'],
    `const order = []
     setTimeout(() => order.push('b'), 5); setTimeout(() => order.push('c'), 5); setTimeout(() => order.push('a'), 2); setTimeout(() => order.push('d'), 5)
     await sleep(20); return order`,
  ),
  returns(
    'Array.fromAsync, for await and Promise.race use the same order',
    [[0, 1, 2], [0, 1, 2], 'tied'],
    `const fromAsync = await Array.fromAsync([tools.echo(0), tools.echo(1), 2])
     const seen = []
     for await (const each of [tools.echo(0), tools.echo(1), tools.echo(2)]) seen.push(each)
     return [fromAsync, seen, await Promise.race([Promise.resolve('tied'), tools.echo('late')])]`,
  ),
  returns(
    'stacks contain no address, no file and no frame of the runtime in any turn',
    [true, []],
    `const stacks = []
     const at = () => stacks.push(new Error('x').stack)
     at(); await null; at(); await tools.echo(1); at(); setTimeout(at, 1); await sleep(5); await tools.fails().catch(at); [1].forEach(at)
     return [stacks.length === 6, stacks.filter((stack) => /0x[0-9a-f]{4}|codemode:|node:|file:/.test(stack))]`,
  ),
]

export const attacks: readonly Attack[] = [...clocks, ...randomness, ...races]
