import { type Attack, fails, returns } from './attack.ts'

const cpuTimeoutMs = 100

/** An attack that is stopped by its CPU clock and by nothing else. */
const isStopped = (title: string, code: string): Attack =>
  fails(
    `the CPU clock stops ${title}`,
    { code: 'CPU_TIMEOUT', details: { layer: 'cpu', timeoutMs: cpuTimeoutMs } },
    code,
    { cpuTimeoutMs },
  )

const inStatements: Attack[] = [
  isStopped('a loop that never ends', 'for (;;);'),
  isStopped('a loop that catches whatever stops it', 'for (;;) { try { for (;;); } catch {} }'),
  isStopped(
    'a finally that returns over whatever stops it',
    'const go = () => { try { for (;;); } finally { return 1 } }\nfor (;;) go()',
  ),
  isStopped(
    'recursion that doubles at the end of the stack',
    'const go = () => { try { go() } finally { go() } }\ngo()',
  ),
  isStopped('a loop in code made by eval', '(0, eval)("for (;;);")'),
  isStopped('waiting for the clock, which stands still', 'const end = Date.now() + 1\nwhile (Date.now() < end);'),
  isStopped(
    'a loop over a timer that can not fire meanwhile',
    'let fired = false\nsetTimeout(() => { fired = true }, 1)\nwhile (!fired);',
  ),
  isStopped('a with statement whose proxy loops', 'with (new Proxy({}, { has() { for (;;); } })) { anything }'),
]

const inIteration: Attack[] = [
  isStopped('a generator that never tires', 'new Set((function* () { for (;;) yield 1 })())'),
  isStopped(
    'a generator that loops when it is left',
    'for (const _ of (function* () { try { yield } finally { for (;;); } })()) break',
  ),
  isStopped(
    'an async generator that never tires',
    'for await (const _ of (async function* () { for (;;) yield 1 })());',
  ),
  isStopped('an array-like of 2 ** 31 parts', 'String.raw({ raw: { length: 2 ** 31 } })'),
]

const inPromises: Attack[] = [
  isStopped('an await of nothing, for ever', 'for (;;) await null'),
  isStopped('a microtask that queues itself', 'const go = () => queueMicrotask(go)\ngo()'),
  isStopped('a promise callback that asks for the next', 'const go = () => { Promise.resolve().then(go) }\ngo()'),
  isStopped('a thenable that resolves to itself', 'const loop = { then(resolve) { resolve(loop) } }\nawait loop'),
  isStopped('a then that all objects inherit', 'Object.prototype.then = () => { for (;;); }\nreturn {}'),
  isStopped('rejections that nobody handles', 'for (;;) Promise.reject(new Error("x"))'),
  isStopped(
    'a microtask that outlives the end of the code',
    'const go = async () => { for (let i = 0; i < 9; i++) await null; for (;;); }\ngo()\nreturn 1',
  ),
]

const inConversions: Attack[] = [
  isStopped('a toJSON of the result', 'return [{ toJSON() { for (;;); } }]'),
  isStopped('a proxy as the result', 'return new Proxy([], { get: (_, key) => key === "length" ? 1e8 : 0 })'),
  isStopped('a getter in a tool’s input', 'await tools.echo({ get a() { for (;;); } })'),
  isStopped('the conversion of a property’s name', 'tools[{ [Symbol.toPrimitive]() { for (;;); } }]'),
  isStopped(
    'the keys of what is logged',
    'console.log(new Proxy({}, { ownKeys() { for (;;); } }), { get [Symbol.toStringTag]() { for (;;); } })',
  ),
  isStopped('the label of a count', 'console.count(new Proxy({}, { ownKeys() { for (;;); } }))'),
]

const inErrors: Attack[] = [
  isStopped('the stack of what is thrown', 'throw { message: "x", get stack() { for (;;); } }'),
  isStopped('the toJSON of what is thrown', 'throw { toJSON() { for (;;); } }'),
  isStopped(
    'the name of an error of the engine’s own',
    'Object.defineProperty(TypeError.prototype, "name", { get() { for (;;); } })\nnull.x',
  ),
  isStopped('a prepareStackTrace that loops', 'Error.prepareStackTrace = () => { for (;;); }\nthrow new Error("x")'),
]

const inBuiltins: Attack[] = [
  isStopped('a regular expression that backtracks exponentially', '/^(a+)+$/.test("a".repeat(40) + "b")'),
  isStopped('one that backtracks polynomially', '/a*a*a*a*a*b/.test("a".repeat(5_000))'),
  isStopped('a power of a BigInt', '7n ** 20_000_000n'),
  isStopped('the digits of a BigInt', 'return ((1n << 200_000_000n) - 1n).toString().length'),
  isStopped('a search through an array of almost 2 ** 32 holes', 'const a = []\na.length = 2 ** 32 - 1\na.indexOf(1)'),
  isStopped('filling an array of a milliard items', 'Array(1e9).fill(0)'),
  isStopped('reversing what says it has 2 ** 53 items', 'Array.prototype.reverse.call({ length: 2 ** 53 - 1 })'),
  isStopped('sorting two million strings', 'Array.from({ length: 2e6 }, (_, i) => (i * 7919) % 2e6).sort()'),
  isStopped('formatting dates again and again', 'for (;;) new Date().toLocaleString("ar-EG", { dateStyle: "full" })'),
  isStopped('normalising long strings', 'const s = "\\u1E9B\\u0323".repeat(1e5)\nfor (;;) s.normalize("NFKD")'),
  isStopped('writing a wide object as JSON', 'const a = Array(1e6).fill({ a: 1 })\nfor (;;) JSON.stringify(a)'),
  isStopped(
    'cloning what is large, again and again',
    'const a = Array.from({ length: 1e5 }, () => ({}))\nfor (;;) structuredClone(a)',
  ),
  isStopped('parsing URLs, which the host does', 'for (;;) new URL("http://a/?" + "x=1&".repeat(1e4))'),
  isStopped('logging without end', 'for (;;) console.log("x")'),
]

const overTurns: Attack[] = [
  isStopped('a loop in a timer', 'setTimeout(() => { for (;;); }, 1)\nawait sleep(60_000)'),
  isStopped('a loop after a tool’s answer', 'await tools.echo(1)\nfor (;;);'),
  isStopped('a little in each of many turns', 'for (;;) { for (let i = 0; i < 1e7; i++); await sleep(1) }'),
  isStopped('a little after each of many answers', 'for (;;) { for (let i = 0; i < 1e7; i++); await tools.echo(1) }'),
  fails(
    'the wall clock stops sleeping for ever, a little at a time',
    { code: 'EXECUTION_TIMEOUT', details: { layer: 'execution', timeoutMs: 200 } },
    'for (;;) await sleep(1)',
    { executionTimeoutMs: 200 },
  ),
  fails(
    'the wall clock stops an interval that never ends',
    { code: 'EXECUTION_TIMEOUT' },
    'setInterval(() => {}, 1)\nawait new Promise(() => {})',
    {
      executionTimeoutMs: 200,
    },
  ),
  fails(
    'the wall clock stops sleeping for as long as a number can say',
    { code: 'EXECUTION_TIMEOUT' },
    'await sleep(Infinity)',
    {
      executionTimeoutMs: 100,
    },
  ),
  fails(
    'the wall clock stops a loop that has more CPU time left',
    { code: 'EXECUTION_TIMEOUT', details: { layer: 'execution' } },
    'await sleep(200)\nfor (;;);',
    { executionTimeoutMs: 300, cpuTimeoutMs: 300 },
  ),
  returns('sleeping is not computing', 'awake', 'for (let i = 0; i < 3; i++) await sleep(200)\nreturn "awake"', {
    cpuTimeoutMs: 500,
  }),
]

export const attacks: readonly Attack[] = [
  ...inStatements,
  ...inIteration,
  ...inPromises,
  ...inConversions,
  ...inErrors,
  ...inBuiltins,
  ...overTurns,
]
