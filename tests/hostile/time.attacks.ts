import { type Attack, fails, returns } from './attack.ts'

const cpuTimeoutMs = 100

/** Returns an attack that must be stopped by its CPU timeout and by nothing else. */
const isStopped = (title: string, code: string): Attack =>
  fails(
    `the CPU clock stops ${title}`,
    { code: 'CPU_TIMEOUT', details: { layer: 'cpu', timeoutMs: cpuTimeoutMs } },
    code,
    { cpuTimeoutMs },
  )

const inStatements: Attack[] = [
  isStopped('a loop that never ends', 'for (;;);'),
  isStopped('a loop that catches every error', 'for (;;) { try { for (;;); } catch {} }'),
  isStopped(
    'a finally that overrides every error by a return',
    'const go = () => { try { for (;;); } finally { return 1 } }\nfor (;;) go()',
  ),
  isStopped(
    'recursion that doubles when the stack is full',
    'const go = () => { try { go() } finally { go() } }\ngo()',
  ),
  isStopped('a loop in code made by eval', '(0, eval)("for (;;);")'),
  isStopped('a wait for a clock that does not advance', 'const end = Date.now() + 1\nwhile (Date.now() < end);'),
  isStopped(
    'a loop that waits for a timer that cannot fire',
    'let fired = false\nsetTimeout(() => { fired = true }, 1)\nwhile (!fired);',
  ),
  isStopped('a with statement whose proxy loops', 'with (new Proxy({}, { has() { for (;;); } })) { anything }'),
]

const inIteration: Attack[] = [
  isStopped('an endless generator', 'new Set((function* () { for (;;) yield 1 })())'),
  isStopped(
    'a generator that loops in its finally',
    'for (const _ of (function* () { try { yield } finally { for (;;); } })()) break',
  ),
  isStopped('an endless async generator', 'for await (const _ of (async function* () { for (;;) yield 1 })());'),
  isStopped('an array-like of 2 ** 31 items', 'String.raw({ raw: { length: 2 ** 31 } })'),
]

const inPromises: Attack[] = [
  isStopped('an endless loop of await null', 'for (;;) await null'),
  isStopped('a microtask that queues itself', 'const go = () => queueMicrotask(go)\ngo()'),
  isStopped('a promise callback that chains another', 'const go = () => { Promise.resolve().then(go) }\ngo()'),
  isStopped('a thenable that resolves to itself', 'const loop = { then(resolve) { resolve(loop) } }\nawait loop'),
  isStopped('a then on Object.prototype', 'Object.prototype.then = () => { for (;;); }\nreturn {}'),
  isStopped('unhandled rejections', 'for (;;) Promise.reject(new Error("x"))'),
  isStopped(
    'a microtask after the end of the code',
    'const go = async () => { for (let i = 0; i < 9; i++) await null; for (;;); }\ngo()\nreturn 1',
  ),
]

const inConversions: Attack[] = [
  isStopped('a toJSON of the result', 'return [{ toJSON() { for (;;); } }]'),
  isStopped('a proxy as the result', 'return new Proxy([], { get: (_, key) => key === "length" ? 1e8 : 0 })'),
  isStopped('a getter in a tool’s input', 'await tools.echo({ get a() { for (;;); } })'),
  isStopped('the conversion of a property name', 'tools[{ [Symbol.toPrimitive]() { for (;;); } }]'),
  isStopped(
    'the keys of a logged value',
    'console.log(new Proxy({}, { ownKeys() { for (;;); } }), { get [Symbol.toStringTag]() { for (;;); } })',
  ),
  isStopped('the label of console.count', 'console.count(new Proxy({}, { ownKeys() { for (;;); } }))'),
]

const inErrors: Attack[] = [
  isStopped('the stack of a thrown value', 'throw { message: "x", get stack() { for (;;); } }'),
  isStopped('the toJSON of a thrown value', 'throw { toJSON() { for (;;); } }'),
  isStopped(
    'the name of an error of V8',
    'Object.defineProperty(TypeError.prototype, "name", { get() { for (;;); } })\nnull.x',
  ),
  isStopped('a prepareStackTrace that loops', 'Error.prepareStackTrace = () => { for (;;); }\nthrow new Error("x")'),
]

const inBuiltins: Attack[] = [
  isStopped('a regular expression that backtracks exponentially', '/^(a+)+$/.test("a".repeat(40) + "b")'),
  isStopped('a regular expression that backtracks polynomially', '/a*a*a*a*a*b/.test("a".repeat(5_000))'),
  isStopped('a power of a BigInt', '7n ** 20_000_000n'),
  isStopped('the digits of a BigInt', 'return ((1n << 200_000_000n) - 1n).toString().length'),
  isStopped('a search through an array of almost 2 ** 32 holes', 'const a = []\na.length = 2 ** 32 - 1\na.indexOf(1)'),
  isStopped('filling an array of a billion items', 'Array(1e9).fill(0)'),
  isStopped('reversing an array-like of 2 ** 53 items', 'Array.prototype.reverse.call({ length: 2 ** 53 - 1 })'),
  isStopped('sorting two million strings', 'Array.from({ length: 2e6 }, (_, i) => (i * 7919) % 2e6).sort()'),
  isStopped('formatting dates repeatedly', 'for (;;) new Date().toLocaleString("ar-EG", { dateStyle: "full" })'),
  isStopped('normalising long strings', 'const s = "\\u1E9B\\u0323".repeat(1e5)\nfor (;;) s.normalize("NFKD")'),
  isStopped('writing a wide object as JSON', 'const a = Array(1e6).fill({ a: 1 })\nfor (;;) JSON.stringify(a)'),
  isStopped(
    'cloning a large value repeatedly',
    'const a = Array.from({ length: 1e5 }, () => ({}))\nfor (;;) structuredClone(a)',
  ),
  isStopped('parsing URLs in the host', 'for (;;) new URL("http://a/?" + "x=1&".repeat(1e4))'),
  isStopped('endless logging', 'for (;;) console.log("x")'),
]

const overTurns: Attack[] = [
  isStopped('a loop in a timer', 'setTimeout(() => { for (;;); }, 1)\nawait sleep(60_000)'),
  isStopped('a loop after a tool’s answer', 'await tools.echo(1)\nfor (;;);'),
  isStopped('a short computation in each of many turns', 'for (;;) { for (let i = 0; i < 1e7; i++); await sleep(1) }'),
  isStopped(
    'a short computation after each of many answers',
    'for (;;) { for (let i = 0; i < 1e7; i++); await tools.echo(1) }',
  ),
  fails(
    'the wall clock stops endless short sleeps',
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
  fails('the wall clock stops a sleep of the largest number', { code: 'EXECUTION_TIMEOUT' }, 'await sleep(Infinity)', {
    executionTimeoutMs: 100,
  }),
  fails(
    'the wall clock stops a loop that has more CPU time left',
    { code: 'EXECUTION_TIMEOUT', details: { layer: 'execution' } },
    'await sleep(700)\nfor (;;);',
    { executionTimeoutMs: 1_000, cpuTimeoutMs: 1_000 },
  ),
  returns('a sleep uses no CPU time', 'awake', 'for (let i = 0; i < 3; i++) await sleep(200)\nreturn "awake"', {
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
