import { type Attack, fails, returns } from './attack.ts'

const memoryLimitMb = 16
// Near the limit most of the time goes into collections of garbage: several seconds, and more on a busy machine.
const options = { memoryLimitMb, executionTimeoutMs: 300_000 }

/**
 * Returns an attack that must end with the memory limit, whether or not it catches errors, and however V8 reports them.
 */
const isExhausted = (title: string, code: string): Attack =>
  fails(
    `the memory limit ends ${title}`,
    { code: 'MEMORY_LIMIT', details: { limitMb: memoryLimitMb, option: 'memoryLimitMb' } },
    code,
    options,
  )

/** Returns an attack that V8 refuses before it allocates memory. */
const isRefused = (title: string, message: string, code: string): Attack =>
  fails(`V8 refuses ${title}`, { code: 'GUEST_ERROR', name: 'RangeError', message }, code, options)

const inCollections: Attack[] = [
  isExhausted('an array that grows', 'const a = []\nfor (;;) a.push({})'),
  isExhausted('an array that is appended to itself', 'let a = [1.5]\nfor (;;) a = a.concat(a)'),
  isExhausted('arrays of numbers', 'const a = []\nfor (;;) a.push(Array(1e5).fill(1.5))'),
  isExhausted('an array that grows while it is iterated', 'const a = [1]\nfor (const x of a) a.push(x)'),
  isExhausted('one array made of 2 ** 24 objects', 'return Array.from({ length: 2 ** 24 }, () => ({})).length'),
  isExhausted('a sparse array', 'const a = []\nfor (let i = 0; ; i += 1_000) a[i] = i'),
  isExhausted('a spread generator', 'return [...(function* () { for (;;) yield {} })()]'),
  isExhausted('a map', 'const m = new Map()\nfor (let i = 0; ; i++) m.set(i, i)'),
  isExhausted('a set', 'const s = new Set()\nfor (let i = 0; ; i++) s.add(`${i}`)'),
  isExhausted(
    'a weak map whose keys are kept',
    'const a = []\nconst m = new WeakMap()\nfor (;;) { a.push({}); m.set(a.at(-1), {}) }',
  ),
  isExhausted('an object with ever more keys', 'const o = {}\nfor (let i = 0; ; i++) o[`key${i}`] = i'),
  isExhausted('keys of a megabyte each', 'const o = {}\nfor (let i = 0; ; i++) o[`${i}`.repeat(1e5)] = i'),
  isExhausted(
    'copies of a growing object',
    'let o = {}\nfor (;;) o = { a: structuredClone(o), b: structuredClone(o) }',
  ),
  isExhausted('registered symbols', 'for (let i = 0; ; i++) Symbol.for(`symbol ${i}`)'),
]

const inText: Attack[] = [
  isExhausted('a string that doubles and is read', 'let s = "x"\nfor (;;) { s += s; s.charCodeAt(0) }'),
  isExhausted('strings that are joined', 'const a = []\nfor (;;) a.push(a.join("x") + "y")'),
  isExhausted('strings split into their characters', 'const a = []\nfor (;;) a.push("x".repeat(2 ** 20).split(""))'),
  isExhausted(
    'texts in which every letter is replaced by many',
    'const a = []\nfor (;;) a.push("x".repeat(2 ** 12).replaceAll("x", "y".repeat(2 ** 12)))',
  ),
  isExhausted('JSON of a wide array', 'return JSON.parse(`[${"{},".repeat(2 ** 22)}0]`).length'),
  isExhausted('JSON that is nested deeply', 'return JSON.parse("[".repeat(2 ** 21) + "]".repeat(2 ** 21)).length'),
  isExhausted(
    'JSON made of one string many times',
    'const s = "\\n".repeat(1e6)\nconst a = []\nfor (;;) a.push(JSON.stringify(Array(10).fill(s)))',
  ),
  isExhausted('encoded text', 'const a = []\nconst s = "é".repeat(1e5)\nfor (;;) a.push(new TextEncoder().encode(s))'),
  isExhausted('base64 of a large string', 'return btoa("x".repeat(2 ** 27)).length'),
  isExhausted('functions made of text', 'const a = []\nfor (let i = 0; ; i++) a.push(Function(`return ${i}`))'),
  isExhausted('regular expressions', 'const a = []\nfor (let i = 0; ; i++) a.push(new RegExp(`(a|b)*${i}`))'),
  isExhausted('digits of a BigInt', 'const a = []\nfor (let n = 1n; ; n <<= 65_536n) a.push(n)'),
]

const inBuffers: Attack[] = [
  isExhausted('buffers', 'const a = []\nfor (;;) a.push(new ArrayBuffer(2 ** 20))'),
  fails(
    'the memory limit ends buffers even if the code catches every failure',
    { code: 'MEMORY_LIMIT' },
    'const a = []\nfor (;;) try { a.push(new Uint8Array(2 ** 24)) } catch {}',
    { memoryLimitMb, cpuTimeoutMs: 300 },
  ),
  isExhausted('one buffer of 8 GiB', 'return new ArrayBuffer(2 ** 33).byteLength'),
  isExhausted('a typed array of 2 ** 32 numbers', 'return new Float64Array(2 ** 32).length'),
  isExhausted('copies of a typed array', 'const a = [new Uint8Array(2 ** 20)]\nfor (;;) a.push(a[0].slice())'),
  isExhausted(
    'a buffer that is transferred to a larger one',
    'let b = new ArrayBuffer(1)\nfor (;;) b = b.transfer(b.byteLength * 2)',
  ),
  fails(
    'the runtime refuses resizable buffers',
    { code: 'GUEST_ERROR', name: 'RangeError', message: 'Resizable ArrayBuffers are not available in the sandbox' },
    'const b = new ArrayBuffer(8, { maxByteLength: 2 ** 30 })\nb.resize(2 ** 30)',
    options,
  ),
]

const inFunctions: Attack[] = [
  isExhausted('closures over closures', 'let f = () => 0\nfor (;;) { const g = f; f = () => g }'),
  isExhausted('proxies of proxies', 'let p = {}\nfor (;;) p = new Proxy(p, {})'),
  isExhausted('functions bound to functions', 'let f = () => 0\nfor (;;) f = f.bind(null, 1)'),
  isExhausted('errors with their stacks', 'const a = []\nfor (;;) a.push(new Error("x".repeat(100)))'),
  isExhausted(
    'generators that are not finished',
    'const a = []\nfor (;;) { const g = (function* () { yield })(); g.next(); a.push(g) }',
  ),
  isExhausted(
    'formatters, which hold memory of the host',
    'const a = []\nfor (;;) a.push(new Intl.DateTimeFormat("de"))',
  ),
  isExhausted(
    'segments of text, which hold copies in the host’s memory',
    'const a = []\nconst s = "x".repeat(1e7)\nconst segmenter = new Intl.Segmenter("de")\nfor (;;) if (a.length < 100) a.push(segmenter.segment(s))',
  ),
  isExhausted('arguments bound to a function', 'let f = () => 0\nfor (;;) f = f.bind(null, ...Array(1e3).fill(1))'),
  isExhausted(
    'listeners',
    'const target = new EventTarget()\nfor (let i = 0; ; i++) target.addEventListener(`event ${i}`, () => {})',
  ),
  isExhausted('labels of the console', 'for (let i = 0; ; i++) console.time(`label ${i}`)'),
]

const inPromises: Attack[] = [
  isExhausted('promises', 'const a = []\nfor (;;) a.push(new Promise(() => {}))'),
  isExhausted('microtasks', 'for (;;) queueMicrotask(() => {})'),
  isExhausted('callbacks of one promise', 'const p = new Promise(() => {})\nfor (;;) p.then(() => {})'),
  isExhausted('async functions that wait for themselves', 'const f = async () => { await null; await f() }\nawait f()'),
  isExhausted(
    'a small allocation in each of many timers',
    'const a = []\nfor (;;) { a.push(Array(1e5).fill(1.5)); await sleep(1) }',
  ),
  isExhausted(
    'a small allocation with each answer of a tool',
    'const a = []\nfor (;;) a.push(Array(1e5).fill(await tools.echo(1.5)))',
  ),
  isExhausted(
    'an allocation after the end of the code',
    '(async () => { const a = []; for (;;) { a.push({}); await null } })()\nreturn 1',
  ),
]

const refused: Attack[] = [
  fails(
    'a URL of 256 MiB is not passed to the host',
    { code: 'GUEST_ERROR' },
    'return new URL(`http://x/${"x".repeat(2 ** 28)}`).href.length',
    options,
  ),
  fails(
    'a query of 256 MiB is not passed to the host',
    { code: 'GUEST_ERROR' },
    'return new URLSearchParams("&a".repeat(2 ** 27)).size',
    options,
  ),
  isRefused('a string that doubles without being read', 'Invalid string length', 'let s = "x"\nfor (;;) s += s'),
  isRefused('a string of 2 ** 30 characters', 'Invalid string length', 'return "x".repeat(2 ** 30)'),
  isRefused('an array above the maximum length', 'Invalid array length', 'return new Array(2 ** 32)'),
  isRefused('a BigInt of more than 2 ** 30 bits', 'Maximum BigInt size exceeded', 'return 1n << 2n ** 31n'),
  isRefused('a typed array of negative length', 'Invalid typed array length: -1', 'return new Uint8Array(-1)'),
  returns(
    'the smallest memory limit is enough to run code',
    5_050,
    'let sum = 0\nfor (let i = 1; i <= 100; i++) sum += i\nreturn sum',
    {
      memoryLimitMb: 8,
    },
  ),
  returns('an array of 2 ** 32 - 1 holes takes no memory', 4_294_967_295, 'return Array(2 ** 32 - 1).length', options),
  returns(
    'objects that are dropped repeatedly are collected',
    'fine',
    'for (let i = 0; i < 500; i++) Array(1e5).fill(i + 0.5)\nreturn "fine"',
    options,
  ),
  returns(
    'buffers that are dropped repeatedly are collected',
    'fine',
    'for (let i = 0; i < 500; i++) new ArrayBuffer(2 ** 20)\nreturn "fine"',
    options,
  ),
]

export const attacks: readonly Attack[] = [
  ...inCollections,
  ...inText,
  ...inBuffers,
  ...inFunctions,
  ...inPromises,
  ...refused,
]
