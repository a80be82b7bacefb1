/** Steps of a session with the outcome of each: a value, or the name and the message of an error. */
export interface StepCase {
  readonly name: string
  readonly steps: readonly string[]
  readonly outcomes: readonly unknown[]
  /** Reason for which V8's REPL mode has another outcome. */
  readonly differs?: string
}

const assignment = 'TypeError: Assignment to constant variable.'
const undefinedName = (name: string) => `ReferenceError: ${name} is not defined`
const tdz = (name: string) => `ReferenceError: Cannot access '${name}' before initialization`

const lastExpression = 'the value of a step is its last expression statement, as in a program'
const kindsMayChange = 'every name can be declared again, with any kind'
const dropped = 'a name that was not initialised does not exist, so that it can be used again'
const hidden = 'closures of earlier steps are not rewritten, and assign to a property that is read-only'
const blocks = 'a function in a block stays there; V8 makes it a variable of the session'

type Row = readonly [name: string, steps: readonly string[], outcomes: readonly unknown[], differs?: string]

const rows: readonly Row[] = [
  // Patterns
  [
    'a pattern with defaults and a rest',
    ['const { a, b: [c = 9, ...d] } = { a: 1, b: [, 2, 3] }', '[a, c, d]'],
    [null, [1, 9, [2, 3]]],
  ],
  ['a pattern in one step', ['const { a, b: [c = 9, ...d] } = { a: 1, b: [, 2, 3] }; [a, c, d]'], [[1, 9, [2, 3]]]],
  [
    'a nested pattern with a computed key',
    ["const k = 'x'", 'const { [k]: { y = 2, ...z } } = { x: { w: 3 } }', '[y, z]'],
    [null, null, [2, { w: 3 }]],
  ],
  [
    'a pattern from null',
    ['const { a } = null', 'typeof a'],
    ["TypeError: Cannot destructure property 'a' of 'null' as it is null.", 'undefined'],
    dropped,
  ],
  ['several declarators', ['let a = 1, b, c = a + 1', '[a, b, c]'], [null, [1, null, 2]]],
  ['an empty pattern', ['const {} = { a: 1 }; const [] = []; 1'], [1]],
  [
    'a nested pattern with a computed key in one step',
    ["const k = 'x'; const { [k]: { y = 2, ...z } } = { x: { w: 3 } }; [y, z]"],
    [[2, { w: 3 }]],
  ],
  // Names of functions and classes
  [
    'names of functions are inferred in one step',
    ['const f = () => {}, { h = () => {} } = {}; let [C = class {}] = []; [f.name, h.name, C.name]'],
    [['f', 'h', 'C']],
  ],
  [
    'name and length of a function declared in the same step',
    ['function f(a, b) {} async function g() {} [f.name, f.length, g.name]'],
    [['f', 2, 'g']],
  ],
  [
    'names of functions are inferred',
    [
      'const f = () => {}, g = function () {}, { h = () => {} } = {}; let C = class {}',
      '[f.name, g.name, h.name, C.name]',
    ],
    [null, ['f', 'g', 'h', 'C']],
  ],
  [
    'name and length of a declared function',
    ['function f(a, b) {} async function g() {} function* h() {}', '[f.name, f.length, g.name, h.name]'],
    [null, ['f', 2, 'g', 'h']],
  ],
  // Classes
  [
    'a class is declared again',
    [
      'class A { v() { return 1 } } const old = new A()',
      'class A { v() { return 2 } }',
      '[old.v(), new A().v(), old instanceof A]',
    ],
    [null, null, [1, 2, false]],
  ],
  [
    'a class extends one of an earlier step',
    ['class A { v() { return 1 } }', 'class B extends A { v() { return super.v() + 1 } }', 'new B().v()'],
    [null, null, 2],
  ],
  [
    'a class refers to itself',
    ['class A { static n = A.name; static make() { return new A() } }', '[A.n, A.make() instanceof A]'],
    [null, ['A', true]],
  ],
  [
    'a class has private fields and static blocks',
    [
      'class A { #n = 1; static s; static { var x = 2; A.s = x } get n() { return this.#n } }',
      '[new A().n, A.s, typeof x]',
    ],
    [null, [1, 2, 'undefined']],
  ],
  [
    'classes in one step',
    [
      'class A { #n = 1; static s; static { var x = 2; A.s = x } get n() { return this.#n } } class B extends A {} [new B().n, A.s, typeof x, new B() instanceof A]',
    ],
    [[1, 2, 'undefined', true]],
  ],
  [
    'a class is declared twice in one step',
    ['class A {} class A {}', 'typeof A'],
    ["SYNTAX_ERROR: Identifier 'A' has already been declared (line 1, column 18)", 'undefined'],
    'V8 has another text',
  ],
  ['an assignment to a class within itself', ['class A { static set() { A = 1 } }', 'A.set()'], [null, assignment]],
  ['an assignment to a class', ['class A {}', 'A = 1', 'A'], [null, 1, 1]],
  [
    'a class is followed by a statement',
    ['class A {}\n(function () { globalThis.seen = typeof A })()', 'seen'],
    [null, 'function'],
  ],
  // Functions
  ['a function is called before its declaration', ['const n = f(); function f() { return 1 }', 'n'], [null, 1]],
  ['the last of two functions counts', ['function f() { return 1 } function f() { return 2 } f()'], [2]],
  [
    'old callers see a new function',
    ['function f() { return 1 } function g() { return f() }', 'function f() { return 2 }', 'g()'],
    [null, null, 2],
  ],
  [
    'a function calls itself by its new definition',
    ['function f(n) { return n > 0 ? f(n - 1) + 1 : 0 } const old = f', 'function f() { return 10 }', 'old(3)'],
    [null, null, 11],
  ],
  [
    'generators',
    [
      'function* f() { yield 1; yield 2 } async function* g() { yield* f() }',
      '[...f()]',
      'const all = []; for await (const n of g()) all.push(n); all',
    ],
    [null, [1, 2], [1, 2]],
  ],
  [
    'a function uses arguments and this',
    [
      'function f() { return arguments.length } const o = { v: 1, m() { return this.v + arguments.length } }',
      '[f(1, 2), o.m(5)]',
    ],
    [null, [2, 2]],
  ],
  [
    'generators in one step',
    [
      'function* f() { yield 1; yield 2 } async function* g() { yield* f() } const all = []; for await (const n of g()) all.push(n); [...f(), ...all]',
    ],
    [[1, 2, 1, 2]],
  ],
  [
    'a function uses arguments and this in one step',
    [
      'function f() { return arguments.length } const o = { v: 1, m() { return this.v + arguments.length } }; [f(1, 2), o.m(5)]',
    ],
    [[2, 2]],
  ],
  ['a function assigns its own name', ['function f() { f = 5 } f(); f'], [5]],
  ['a function and a variable of one name', ['var f = 1; function f() {} typeof f', 'typeof f'], ['number', 'number']],
  ['a function is called in its step', ['async function main() { return 4 } await main()'], [4]],
  ['only functions', ['async function main() { return 4 }', 'await main()'], [null, 4]],
  ['functions in blocks', ['{ function f() { return 1 } } typeof f', 'typeof f'], ['function', 'undefined'], blocks],
  [
    'a function in a block does not hide a variable',
    ['let x = 1', 'if (false) { function x() {} } x', 'x'],
    [null, 1, 1],
    blocks,
  ],
  ['a function in a block of a name of its step', ['let x = 1; { function x() {} } x'], [1]],
  [
    'a function in a switch',
    ['let x = 1; let t; switch (1) { case 1: t = typeof x; function x() {} } [x, t]'],
    [[1, 'function']],
  ],
  ['a function as the branch of an if', ['let x = 1', 'if (true) function x() {}', 'x'], [null, null, 1], blocks],
  // Closures
  [
    'a closure sees later values',
    ['let n = 1; const get = () => n', 'n = 2', 'get()', 'let n = 3', 'get()'],
    [null, 2, 2, null, 3],
  ],
  [
    'a closure over a variable that does not exist yet',
    ['const get = () => later', 'get()', 'let later = 1', 'get()'],
    [null, undefinedName('later'), null, 1],
  ],
  [
    'each iteration has a variable',
    ['const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i); fs.map((f) => f())'],
    [[0, 1, 2]],
  ],
  [
    'var is one for all iterations',
    ['const fs = []; for (var i = 0; i < 3; i++) fs.push(() => i); fs.map((f) => f())', 'i'],
    [[3, 3, 3], 3],
  ],
  ['a closure sees later values of its step', ['let n = 1; const get = () => n; n = 2; get()'], [2]],
  // Constants
  ...(
    [
      ['x = 2', 'an assignment'],
      ['x += 1', 'a compound assignment'],
      ['x++', 'an increment'],
      ['--x', 'a decrement'],
      ['x ??= 2', 'a logical assignment that assigns nothing', 1],
      ['x ||= 2', 'another', 1],
      ['x &&= 2', 'a logical assignment'],
      ['[x] = [2]; 0', 'an array pattern'],
      ['({ x } = { x: 2 }); 0', 'a shorthand pattern'],
      ['({ x = 1 } = {}); 0', 'a shorthand pattern with a default'],
      ['({ y: x } = { y: 2 }); 0', 'an object pattern'],
      ['({ y: [x = 3] } = { y: [] }); 0', 'a nested pattern'],
      ['[...x] = [2]; 0', 'a rest'],
      ['({ ...x } = {}); 0', 'an object rest'],
      ['for (x of [2]);', 'the head of a loop over items'],
      ['for (x in { a: 1 });', 'the head of a loop over keys'],
      ['for ([x] of [[2]]);', 'a pattern in the head of a loop'],
      ['(() => { x = 2 })()', 'an assignment in a function'],
      ['(x) = 2', 'an assignment in parentheses'],
      ['\\u0078 = 2', 'an escaped name'],
    ] as const
  ).flatMap(([code, name, value = assignment]): Row[] => [
    [`a constant and ${name}`, ['const x = 1', code, 'x'], [null, value, 1]],
    [`a constant and ${name} in one step`, [`const x = 1; ${code}`, 'x'], [value, 1]],
  ]),
  [
    'shadowed constants',
    [
      'const x = 1',
      '((x) => { x = 2; return x })(0)',
      '(() => { let x = 0; x = 2; return x })()',
      'try { throw 0 } catch (x) { x = 2 }',
      '(function x() { x = 2; return typeof x })()',
      '(() => { { var x = 0 } x = 2; return x })()',
      '{ let x = 0; x = 2 }',
      'for (let x = 0; x < 2; x++);',
      'x',
    ],
    [null, 2, 2, null, 'function', 2, null, null, 1],
    lastExpression,
  ],
  [
    'a constant keeps its value after a closure assigned it',
    ['const set = () => { x = 2 }', 'const x = 1', 'set()', 'x'],
    [null, null, null, 1],
    hidden,
  ],
  ['a constant and eval', ['const x = 1', "eval('x = 2')", 'x'], [null, 2, 1], hidden],
  [
    'a constant is declared twice in one step',
    ['const x = 1; const x = 2', 'typeof x', 'let x = 3; const x = 4'],
    [
      "SYNTAX_ERROR: Identifier 'x' has already been declared (line 1, column 20)",
      'undefined',
      "SYNTAX_ERROR: Identifier 'x' has already been declared (line 1, column 18)",
    ],
    'V8 has another text',
  ],
  ['a constant is declared again', ['const x = 1', 'const x = 2', 'x', 'x = 3'], [null, null, 2, assignment]],
  ['a constant becomes a variable', ['const x = 1', 'let x = 2', 'x = 3', 'x'], [null, null, 3, 3], kindsMayChange],
  [
    'a variable becomes a constant',
    ['let x = 1', 'const x = 2', 'x = 3', 'x'],
    [null, null, assignment, 2],
    kindsMayChange,
  ],
  [
    'a constant becomes var, function and class',
    ['const x = 1', 'var x = 2; x', 'function x() {} typeof x', 'class x {} typeof x', 'const x = 5; x'],
    [null, 2, 'function', 'function', 5],
    kindsMayChange,
  ],
  [
    'a function may assign a name that is no constant any more',
    ['const x = 1', 'const set = () => { x = 2 }', 'let x = 5; set(); x'],
    [null, null, 2],
    kindsMayChange,
  ],
  [
    'the value of an assignment in a with',
    ['const x = 1', 'const o = { x: 2 }; with (o) { x = 3 } [x, o.x]'],
    [null, [1, 3]],
  ],
  // Failures
  [
    'a step that fails before it initialises',
    ['throw new Error("no"); let x = 1', 'typeof x', 'let x = 2; x'],
    ['Error: no', 'undefined', 2],
    dropped,
  ],
  [
    'a step that fails between two declarations',
    [
      'let a = 1; const b = a; let c = missing; var d = 2',
      '[a, b, d]',
      'typeof c',
      'b = 3',
      'const a = 4; let b = a; [a, b]',
    ],
    [undefinedName('missing'), [1, 1, null], 'undefined', assignment, [4, 4]],
    dropped,
  ],
  [
    'a step that fails in an initialiser',
    ['let x = missing', 'x', 'const x = 2; x'],
    [undefinedName('missing'), undefinedName('x'), 2],
    dropped,
  ],
  [
    'a step that fails after it has initialised',
    ['let x = 1; throw new Error("no")', 'x', 'let x = 2; x'],
    ['Error: no', 1, 2],
  ],
  [
    'a failed redeclaration keeps the value',
    ['let x = 1', 'let x = missing', 'x', 'x = 3'],
    [null, undefinedName('missing'), 1, 3],
  ],
  [
    'a failed redeclaration of a constant keeps the value',
    ['const x = 1', 'const x = missing', 'x', 'x = 3', 'let x = 4; x'],
    [null, undefinedName('missing'), 1, assignment, 4],
    kindsMayChange,
  ],
  [
    'a rejection in an initialiser',
    ['const x = await Promise.reject(new Error("no"))', 'typeof x', 'const x = await 1; x'],
    ['Error: no', 'undefined', 1],
    dropped,
  ],
  [
    'a failure in a pattern keeps what was set',
    ['let [a, b] = [1, 2]', '[a, b] = [3, missing]', '[a, b]'],
    [null, undefinedName('missing'), [1, 2]],
  ],
  // Temporal dead zone
  ['a variable before its declaration', ['x; let x = 1', 'typeof x'], [tdz('x'), 'undefined'], dropped],
  ['typeof before the declaration', ['typeof x; let x = 1'], [tdz('x')], 'V8 says that x is not defined'],
  [
    'a closure before the declaration',
    ['const f = () => x; const y = f(); const x = 1'],
    [tdz('x')],
    'V8 says that x is not defined',
  ],
  ['an old value before a redeclaration', ['let x = 1', 'const y = x; let x = 2; [x, y]'], [null, [2, 1]]],
  // var
  [
    'var in the heads of loops',
    [
      'for (var i = 0, n = 2; i < n; i++); for (var k in { a: 1 }); for (var [x, { y }] of [[1, { y: 2 }]]); for await (var z of [3]); [i, n, k, x, y, z]',
      '[i, n, k, x, y, z]',
    ],
    [
      [2, 2, 'a', 1, 2, 3],
      [2, 2, 'a', 1, 2, 3],
    ],
  ],
  [
    'var in blocks',
    [
      '{ var a = 1 } try { var b = 2; throw 0 } catch { var c = 3 } finally { var d = 4 } switch (1) { case 1: var e = 5 } lab: { var f = 6; break lab }; [a, b, c, d, e, f]',
      '[a, b, c, d, e, f]',
    ],
    [
      [1, 2, 3, 4, 5, 6],
      [1, 2, 3, 4, 5, 6],
    ],
  ],
  [
    'var as the branch of a statement',
    [
      'if (1) var a = 1; else var b = 2; while (!c) var c = 3; do var d = 4; while (0)\nfor (;;) { var e = 5; break }; [a, b, c, d, e]',
    ],
    [[1, null, 3, 4, 5]],
  ],
  ['var without an initialiser keeps the value', ['var x = 1', 'var x; x', 'var y; y'], [null, 1, null]],
  ['var is declared twice in one step', ['var x = 1; var x; x'], [1]],
  ['var is undefined before it is assigned', ['const before = typeof v; var v = 1; [before, v]'], [['undefined', 1]]],
  ['let without an initialiser', ['let x = 1', 'let x; x'], [null, null]],
  [
    'let and var of one name',
    ['let x; var x', '1'],
    ["SYNTAX_ERROR: Identifier 'x' has already been declared (line 1, column 12)", 1],
    'V8 has another text',
  ],
  ['var of the names async and let', ['for (var async of [1]); for (var let of [2]); [async, let]'], [[1, 2]]],
  [
    'labels',
    [
      'outer: for (let i = 0; i < 3; i++) { for (var j = 0; ; j++) { if (j === 1) continue outer; if (i === 2) break outer } } j',
    ],
    [0],
  ],
  // Syntax at the edges
  ['a declaration that goes on in the next line', ['const a = [0, 5]\n[1].x', 'typeof a'], [null, 'undefined']],
  ['a declaration without a semicolon', ['let n = 0\nlet f = () => { n++ }\n;[1].forEach(f)\nn'], [1]],
  ['a statement without a semicolon before a declaration', ['let n = 1\nn\nconst m = 2\nm'], [2]],
  [
    'a regular expression after a declaration',
    ['let x = 1\n/1/.test(x)'],
    ["SYNTAX_ERROR: Unexpected token '.' (line 2, column 4)"],
    'V8 has another text',
  ],
  ['a template after a declaration', ['const t = String.raw\n`a`\nt'], ['a']],
  ['comments', ['let a = 1 // one\nlet b = 2 /* two */; /* a */ a + b // sum'], [3]],
  ['other line ends', ['let a = 1\r\nlet b = 2\u2028let c = 3;\r\n[a, b, c]'], [[1, 2, 3]]],
  ['undeclared names in one step', ['total = 5; total += 1; total'], [6]],
  ['undeclared names', ['total = 5', 'total += 1', 'total'], [5, 6, 6]],
  ['delete', ['x = 1; delete globalThis.x', 'typeof x'], [true, 'undefined']],
  [
    'delete of a declared variable',
    ['let x = 1', 'delete globalThis.x', 'typeof x'],
    [null, true, 'undefined'],
    'variables are properties of the global object',
  ],
  [
    'delete of a variable that its step declares',
    ['let x = 1; delete globalThis.x; typeof x'],
    ['undefined'],
    'variables are properties of the global object',
  ],
  [
    'eval',
    [
      "eval('let hidden = 1; var seen = 2'); [typeof hidden, typeof seen]",
      "(0, eval)('var seen = 3')",
      'seen',
      "new Function('return seen')()",
    ],
    [['undefined', 'number'], null, 3, 3],
  ],
  [
    'shadowed builtins',
    [
      'class Map {} const JSON = 1; let Promise = 2; function Array() {}',
      '[typeof new Map().get, JSON, Promise, typeof Array.from]',
    ],
    [null, ['undefined', 1, 2, 'undefined']],
  ],
  ['shadowed builtins in one step', ['class Map {} const JSON = 1; [typeof new Map().get, JSON]'], [['undefined', 1]]],
  [
    'names of globals that can not be changed end with their step',
    [
      'let undefined = 1, NaN = 2; [undefined, NaN]',
      '[typeof undefined, NaN]',
      'var Infinity = 3; Infinity',
      'Infinity > 3',
    ],
    [[1, 2], ['undefined', null], 3, true],
    'every name can be declared',
  ],
  [
    'names of Object.prototype',
    [
      'let constructor = 1, __proto__ = 2, toString = 3; const valueOf = 4',
      '[constructor, __proto__, toString, valueOf]',
      'valueOf = 5',
    ],
    [null, [1, 2, 3, 4], assignment],
  ],
  [
    'names of the helpers',
    ['const $ro = 1, $f_ = 2; function $fn() { return 3 } $ro', '[$ro, $f_, $fn(), $fn.name]', '$ro = 2'],
    [1, [1, 2, 3, '$fn'], assignment],
  ],
  [
    'escapes in names',
    ['let \\u0061 = 1; const { \\u0062 } = { b: 2 }; function \\u0063() {} [a, b, c.name]'],
    [[1, 2, 'c']],
  ],
  ['using', ["const log = []; { using a = { [Symbol.dispose]() { log.push('a') } } } log"], [['a']]],
  [
    'using at the top',
    [
      "globalThis.log = []; using a = { [Symbol.dispose]() { log.push('a') } }; await using b = { async [Symbol.asyncDispose]() { log.push('b') } }; log.length",
      'log',
      'typeof a',
    ],
    [0, ['b', 'a'], 'undefined'],
    'V8 has no using in scripts',
  ],
  [
    'strict code',
    [
      "'use strict'; let x = 1; var y = 2; const z = 3; function f() { return this === undefined } [x, y, z, f()]",
      '[x, y, z]',
      "'use strict'; undeclared = 1",
      "'use strict'; z = 4",
    ],
    [[1, 2, 3, true], [1, 2, 3], undefinedName('undeclared'), assignment],
  ],
  ['strictness ends with its step', ["'use strict'; let x = 1; x", 'undeclared = 2; undeclared'], [1, 2]],
  [
    'types of earlier steps',
    [
      'interface A { b: number }\ntype B = A',
      'let a: A = { b: 1 }; (a as B).b',
      'type A = string; const s: A = "x"; s',
    ],
    [null, 1, 'x'],
    'V8 knows no TypeScript',
  ],
  ['this', ['this === globalThis'], [true]],
  [
    'an object literal',
    ['{ a: 1, b: 2 }', '({ a: 1 })'],
    [{ a: 1, b: 2 }, { a: 1 }],
    'it is what its author means, as in a program',
  ],
  ['an object literal with one field', ['{ a: 1 }'], [{ a: 1 }], lastExpression],
  ['a block', ['{ 1 }'], [null], lastExpression],
  ['an if', ['if (true) { 5 }'], [null], lastExpression],
  ['return', ['return 1'], [1], 'return gives the value, as in a program'],
  ['an empty step', ['', '// nothing', ';', '1'], [null, null, null, 1]],
  [
    'await',
    ['const x = await Promise.resolve(1)', 'x + (await 1)', 'let p = Promise.resolve(3)', 'await p'],
    [null, 2, null, 3],
  ],
  ['await in one step', ['const x = await Promise.resolve(1); let p = Promise.resolve(3); x + (await p)'], [4]],
  ['await in a loop', ['let s = 0; for (const p of [1, Promise.resolve(2)]) s += await p; s', 's'], [3, 3]],
]

export const stepCases: readonly StepCase[] = rows.map(([name, steps, outcomes, differs]) => ({
  name,
  steps,
  outcomes,
  ...(differs !== undefined && { differs }),
}))
