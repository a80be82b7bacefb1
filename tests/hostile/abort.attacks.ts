import { type Attack, fails, returns } from './attack.ts'

const small = { memoryLimitMb: 16 }

/** Returns an attack by recursion that V8 detects. */
const overflows = (title: string, code: string): Attack =>
  fails(
    `the stack overflows in ${title}`,
    { code: 'GUEST_ERROR', name: 'RangeError', message: 'Maximum call stack size exceeded' },
    code,
  )

/** Returns code that nests arrays `depth` levels deep. */
const nested = (depth: number) => `let nested = []\nfor (let i = 0; i < ${depth}; i++) nested = [nested]\n`

const byRecursion: Attack[] = [
  overflows('a function that calls itself', 'const f = () => f()\nf()'),
  overflows('a getter that reads itself', 'const o = { get a() { return this.a } }\no.a'),
  overflows('a proxy whose trap goes through it', 'const p = new Proxy({}, { get: (_, key) => p[key] })\np.a'),
  overflows(
    'a proxy that is its own prototype',
    'const p = new Proxy({}, { getPrototypeOf: () => Object.getPrototypeOf(p) })\nObject.getPrototypeOf(p)',
  ),
  overflows('an async function that calls itself', 'const f = async () => f()\nawait f()'),
  overflows('a generator that delegates to itself', 'function* f() { yield* f() }\n[...f()]'),
  overflows('a constructor that constructs itself', 'class A { a = new A() }\nnew A()'),
  overflows('a comparator that sorts', 'const f = () => [2, 1].sort(f)\nf()'),
  overflows('a reviver that parses', 'const f = () => JSON.parse("[1]", f)\nf()'),
  overflows('code that evaluates itself', 'const source = "eval(source)"\neval(source)'),
]

const byDepth: Attack[] = [
  overflows('a deep array, flattened', `${nested(1e5)}nested.flat(Infinity)`),
  overflows('a deep array as text', `${nested(1e5)}return \`\${nested}\``),
  overflows('a deep array, cloned', `${nested(1e5)}structuredClone(nested)`),
  overflows('deep JSON with a reviver', 'JSON.parse("[".repeat(1e5) + "]".repeat(1e5), (_, value) => value)'),
  overflows(
    'a property through many proxies',
    'let p = {}\nfor (let i = 0; i < 1e5; i++) p = new Proxy(p, {})\nreturn p.a',
  ),
  overflows('brackets in code that is evaluated', 'eval("(".repeat(1e5) + ")".repeat(1e5))'),
  overflows('arrow functions in code that is evaluated', 'eval("a=>".repeat(1e5) + "1")'),
  overflows('a regular expression that stores each backtracking step', 'return /(?:x|y)*z/.test("x".repeat(1e7))'),
  overflows('ten million arguments', 'return Math.max(...Array(1e7).fill(1))'),
  overflows('ten million arguments by apply', 'return String.fromCharCode.apply(null, { length: 1e7 })'),
  fails(
    'V8 refuses groups of a regular expression',
    { code: 'GUEST_ERROR', name: 'SyntaxError' },
    'new RegExp("(".repeat(1e5) + ")".repeat(1e5))',
  ),
  fails(
    'V8 refuses classes of a regular expression',
    { code: 'GUEST_ERROR', name: 'SyntaxError' },
    'new RegExp("[".repeat(1e5) + "]".repeat(1e5), "v")',
  ),
  fails(
    'V8 refuses a function of 70,000 parameters',
    { code: 'GUEST_ERROR', name: 'SyntaxError' },
    'new Function("a,".repeat(7e4) + "a", "")',
  ),
  returns(
    'JSON.stringify of a deep array, without recursion, does no harm',
    200_002,
    `${nested(1e5)}JSON.stringify(nested).length`,
  ),
  returns(
    'a call through many proxies does no harm',
    1,
    'let p = () => 1\nfor (let i = 0; i < 1e5; i++) p = new Proxy(p, {})\nreturn p()',
  ),
  returns(
    'Array.isArray of many nested proxies does no harm',
    true,
    'let p = []\nfor (let i = 0; i < 1e5; i++) p = new Proxy(p, {})\nreturn Array.isArray(p)',
  ),
  returns(
    'a call through many bound functions does no harm',
    1,
    'let f = () => 1\nfor (let i = 0; i < 1e5; i++) f = f.bind(null)\nreturn f()',
  ),
  returns(
    'a constructor through many classes does no harm',
    {},
    'let A = class {}\nfor (let i = 0; i < 1e4; i++) A = class extends A {}\nreturn new A()',
  ),
  returns(
    'a regular expression that unrolls does no harm',
    false,
    'return new RegExp("(?:(?:(?:a{1000}){1000}){1000}){1000}").test("a")',
  ),
  returns(
    'JSON.parse of deep JSON, without recursion, does no harm',
    1e5,
    'let a = JSON.parse("[".repeat(1e5) + "]".repeat(1e5))\nlet depth = 0\nfor (; a; a = a[0]) depth += 1\nreturn depth',
  ),
  returns(
    'a promise that resolves through many promises does no harm',
    1,
    'let p = Promise.resolve(1)\nfor (let i = 0; i < 1e5; i++) { const q = p; p = new Promise((resolve) => resolve(q)) }\nreturn p',
  ),
  returns(
    'a chain of a hundred thousand thens does no harm',
    1e5,
    'let p = Promise.resolve(0)\nfor (let i = 0; i < 1e5; i++) p = p.then((n) => n + 1)\nreturn p',
  ),
  returns(
    'a chain of prototypes does no harm',
    'undefined',
    'let o = {}\nfor (let i = 0; i < 1e5; i++) o = Object.create(o)\nreturn typeof o.a',
  ),
  returns(
    'a switch of fifty thousand cases does no harm',
    49_999,
    'return new Function("n", `switch (n) {${Array.from({ length: 5e4 }, (_, i) => `case ${i}: return ${i}`).join("\\n")}}`)(49_999)',
  ),
  returns(
    'a string concatenated of a hundred thousand does no harm',
    1e5,
    'let s = ""\nfor (let i = 0; i < 1e5; i++) s = i % 2 ? s + "x" : "x" + s\nreturn s.length',
  ),
]

/**
 * Attacks that V8 answers with a fatal error, in some cases or always; the caller must see an ordinary memory limit.
 */
const byFatalErrors: Attack[] = [
  fails(
    'the memory limit ends a replacement of more matches than an array holds',
    { code: 'MEMORY_LIMIT' },
    'return "x".repeat(3 * 2 ** 26).replace(/x/g, "$&$&").length',
    small,
  ),
  fails(
    'the memory limit ends a list of that many matches',
    { code: 'MEMORY_LIMIT' },
    'return "x".repeat(3 * 2 ** 26).match(/x/g).length',
    small,
  ),
  fails(
    'the memory limit ends a list of that many parts',
    { code: 'MEMORY_LIMIT' },
    'return "x".repeat(3 * 2 ** 26).split("x").length',
    small,
  ),
  fails(
    'the memory limit ends an array of numbers that is one too long for V8',
    { code: 'MEMORY_LIMIT' },
    'const a = Array(2 ** 25).fill(1.5)\nreturn a.concat(a, a, a, a, a, a, a).length',
    small,
  ),
  fails(
    'the memory limit ends a string spread into its characters',
    { code: 'MEMORY_LIMIT' },
    'return [..."x".repeat(2 ** 27)].length',
    small,
  ),
  fails(
    'the memory limit ends an array spread of a long one',
    { code: 'MEMORY_LIMIT' },
    'return [...Array(2 ** 27)].length',
    small,
  ),
  fails(
    'the memory limit ends an allocation in a getter of a thrown value',
    { code: 'MEMORY_LIMIT' },
    'throw { get message() { const a = []; for (;;) a.push({}) } }',
    small,
  ),
  fails(
    'the memory limit ends an allocation in prepareStackTrace',
    { code: 'MEMORY_LIMIT' },
    'Error.prepareStackTrace = () => { const a = []; for (;;) a.push({}) }\nnew Error("x").stack',
    small,
  ),
  fails(
    'the memory limit ends an allocation in the toJSON of the result',
    { code: 'MEMORY_LIMIT' },
    'return { toJSON() { const a = []; for (;;) a.push({}) } }',
    small,
  ),
  fails(
    'the memory limit ends an allocation in a comparator',
    { code: 'MEMORY_LIMIT' },
    'const a = []\n;[2, 1].sort(() => { for (;;) a.push({}) })',
    small,
  ),
  fails(
    'the memory limit ends an allocation when the stack is full',
    { code: 'MEMORY_LIMIT' },
    'const a = []\nconst f = () => { try { f() } finally { for (;;) a.push({}) } }\nf()',
    small,
  ),
]

/** Attacks of kinds that once made engines read or write out of bounds. */
const byConfusion: Attack[] = [
  returns(
    'builtins that start when the stack is full do no harm',
    'alive',
    `const deep = ${JSON.stringify('[[[[[[[[1]]]]]]]]')}
     const actions = [
       () => JSON.stringify(JSON.parse(deep)), () => structuredClone({ a: [1] }), () => /(a|b)*c/.test('abab'), () => [3, 1, 2].sort(),
       () => new Intl.NumberFormat('de').format(1.5), () => 'ß'.normalize('NFKD').localeCompare('ss'), () => new URL('http://a/b?c'),
       () => (7n ** 99n).toString(), () => new Date().toLocaleString(), () => eval('1 + 1'), () => new Function('return 1')(),
       () => console.log({ a: 1 }), () => new Error('x').stack, () => new Map([[1, 2]]), () => Array.from('abc'), () => new Uint8Array(8),
       () => new Proxy({}, {}).a, () => Reflect.construct(Date, []), () => btoa('a'), () => setTimeout(() => {}, 1), () => [[1]].flat(9),
     ]
     for (const action of actions) {
       let isDone = false
       const dive = () => {
         try { dive() } catch {}
         if (!isDone) { isDone = true; try { action() } catch { isDone = false } }
       }
       dive()
     }
     return 'alive'`,
  ),
  returns(
    'an array that shrinks while it is sorted does no harm',
    3,
    'const a = [3, 2, 1]\na.sort((x, y) => { a.length = 0; return x - y })\nreturn a.length',
  ),
  returns(
    'an array that shrinks while it is joined does no harm',
    ',,',
    'const a = [{ toString() { a.length = 0; return "" } }, 1, 2]\nreturn a.join()',
  ),
  returns(
    'an array that shrinks while it is searched does no harm',
    false,
    'const a = [1, 2, 3]\nreturn a.includes(4, { valueOf() { a.length = 0; return 0 } })',
  ),
  returns(
    'an array that shrinks while it is sliced does no harm',
    [],
    'const a = Array(1e5).fill(1.1)\nconst b = a.slice(0, { valueOf() { a.length = 0; return 1e5 } })\nreturn b.filter((x) => x !== undefined)',
  ),
  returns(
    'an array with another species does no harm',
    'RangeError',
    'const a = [1, 2, 3]\na.constructor = { [Symbol.species]: function () { return new Array(-1) } }\ntry { a.map((x) => x) } catch (error) { return error.name }',
  ),
  returns(
    'a buffer that is detached while it is filled does no harm',
    'TypeError',
    'const a = new Uint8Array(1e5)\ntry { a.fill({ valueOf() { a.buffer.transfer(); return 1 } }) } catch (error) { return error.name }',
  ),
  returns(
    'a buffer that is detached while it is sorted does no harm',
    0,
    'const a = new Float64Array(1e3)\na.sort(() => { if (a.length) structuredClone(a.buffer, { transfer: [a.buffer] }); return 1 })\nreturn a.length',
  ),
  returns(
    'a buffer that is detached while it is copied does no harm',
    'TypeError',
    'const a = new Uint8Array(1e3)\ntry { a.subarray({ valueOf() { a.buffer.transfer(); return 500 } })[0] = 1 } catch (error) { return error.name }',
  ),
  returns(
    'a regular expression that is recompiled while it runs does no harm',
    'a',
    'const r = /b/g\nr.lastIndex = { valueOf() { r.compile("a", "g"); return 0 } }\nreturn r.exec("ba")?.[0]',
  ),
  returns(
    'a map that is cleared during an iteration does no harm',
    [1],
    'const m = new Map([[1, 1], [2, 2]])\nconst seen = []\nm.forEach((_, key) => { seen.push(key); m.clear() })\nreturn seen',
  ),
  returns(
    'a generator that is entered while it runs does no harm',
    'TypeError',
    'const g = (function* () { yield g.next() })()\ntry { g.next() } catch (error) { return error.name }',
  ),
  returns(
    'an array that its reviver replaces does no harm',
    [[], null],
    'return JSON.parse("[[1,2],3]", function (key, value) { if (key === "0" && Array.isArray(value)) { this[1] = undefined; return [] } return value })',
  ),
]

const byIntl: Attack[] = [
  fails(
    'V8 refuses a locale of a million letters',
    { code: 'GUEST_ERROR', name: 'RangeError' },
    'new Intl.Locale("en-" + "a".repeat(1e6))',
  ),
  fails(
    'V8 refuses more digits than it supports',
    { code: 'GUEST_ERROR', name: 'RangeError' },
    'new Intl.NumberFormat("en", { minimumFractionDigits: 1e9 })',
  ),
  fails(
    'V8 refuses a date outside the supported range',
    { code: 'GUEST_ERROR', name: 'RangeError' },
    'new Intl.DateTimeFormat().format(8.64e15 + 1)',
  ),
  returns(
    'a number of a hundred thousand digits does no harm',
    true,
    'return new Intl.NumberFormat("en").format(10n ** 10_000n).length > 13_000',
  ),
  returns(
    'a formatted list of a hundred thousand items does no harm',
    true,
    'return new Intl.ListFormat("en").format(Array(1e5).fill("a")).length > 3e5',
  ),
  returns(
    'segmenting a long text does no harm',
    1e4,
    'return [...new Intl.Segmenter("en").segment("e\\u0301".repeat(1e4))].length',
  ),
]

export const attacks: readonly Attack[] = [...byRecursion, ...byDepth, ...byFatalErrors, ...byConfusion, ...byIntl]
