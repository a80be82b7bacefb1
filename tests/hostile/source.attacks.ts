/** Sources that try not to be the body of one function, or to be parsed differently by different parsers. */
import { expect } from 'vitest'

import { type Attack, fails, returns } from './attack.ts'

const syntax = { code: 'SYNTAX_ERROR', name: 'SyntaxError' }

/** Split in two, so that tools do not take it for a source map of this file. */
const sourceMap = ['//# source', 'MappingURL=data:application/json,{}'].join('')

const breakouts: Attack[] = [
  fails('the source cannot close its function', syntax, `})(); globalThis.out = 1; (async () => {`),
  fails('the source cannot close its function with a comma', syntax, `}), (async function () { return 1`),
  fails('the source cannot close the body of its function', syntax, `} globalThis.out = 1; {`),
  fails('the source cannot close its function with an argument list', syntax, `}, this) + (function (`),
  fails('the source cannot close its function with an open comment', syntax, `return 1 /*`),
  fails('the source cannot close its function with an open template', syntax, 'return `${'),
  returns('an HTML-like comment at the end hides nothing that is added', 4, `result = 2 + 2 <!-- not more`),
  returns('an HTML-like comment at the start of a line hides nothing', 4, `result = 4\n--> a comment`),
  returns('a line comment at the end hides nothing that is added', 4, `2 + 2 // the value`),
  returns('a hashbang is a comment', 4, `#!/usr/bin/env node\n2 + 2`),
  returns(
    'sourceURL comments do not name the code',
    ['code:2:18', 'code:3:8'],
    `//# sourceURL=codemode:runtime
const at = () => new Error('x').stack.match(/code:[0-9:]+/g)
return at()
//# sourceURL=/etc/passwd`,
  ),
  returns('a line separator ends a comment for all parsers', 5, `'\u2028' // not code \u2029 return 5`),
  fails(
    'code made at run time with the runtime’s sourceURL is still the guest’s',
    { code: 'GUEST_ERROR', message: 'x', guestStack: expect.stringContaining('code:1:') },
    `(0, eval)('(function () { throw new Error("x") })\\n//# sourceURL=codemode:runtime')()`,
  ),
  returns(
    '"use strict" enables strict mode only',
    [true, 'ReferenceError'],
    `'use strict'; try { undeclared = 1 } catch (error) { return [this === globalThis || this === undefined, error.name] }`,
  ),
  returns(
    'a variable may be named like the runtime’s own',
    3,
    `const p = 1, state = 2, emit = () => p + state, createRuntime = emit; return createRuntime()`,
  ),
  fails(
    'an await outside of an async function is a syntax error, and nothing runs',
    syntax,
    `tools.echo(1); function f() { await 1 }`,
  ),
  fails(
    'the source cannot close the wrapper for stripping its types',
    syntax,
    `const a: number = 1\n}\nasync function g() {`,
  ),
  fails('the source cannot close the text of that wrapper', syntax, 'let a: number = 1 }`; globalThis.out = 1; `${'),
  fails('the source cannot close the parentheses around its last expression', syntax, `1); globalThis.out = 1; (2`),
  fails('the source cannot close the call of a single function', syntax, `() => 1)(); (() => 2`),
  fails('the source cannot close an object literal', syntax, `{ a: 1 }); globalThis.out = 1; ({ b: 2 }`),
  fails('the source cannot close it with an open class body', syntax, `return class { static { globalThis.out = 1 } `),
  fails('the source cannot close it with an invalid regular expression', syntax, `return 1 /*/ } /*`),
  returns(
    'an object literal is one expression, with any comments after it',
    { a: 1 },
    `{ a: 1 } // }); globalThis.out = 1\n/* ) */ <!-- )\n--> )`,
  ),
  returns(
    'an object literal does not name the code',
    { isOwn: true, isNamed: false },
    `{ isOwn: new Error('x').stack.includes('code:1:'), isNamed: new Error('x').stack.includes('passwd') } //# sourceURL=/etc/passwd`,
  ),
  returns(
    'every way to write a sourceURL is the same comment',
    [],
    `const stacks = []
const at = () => stacks.push(new Error('x').stack)
at() //# sourceURL=one
at() //@ sourceURL=two
at() /*# sourceURL=three */
at() //#\tsourceURL=four
at() ${sourceMap}
at() <!-- sourceURL=five
return stacks.filter((stack) => !/at (code:|at \\(code:)/.test(stack))
//# sourceURL=codemode:runtime`,
  ),
  returns(
    'a string that looks like the end of the code is a string',
    '\n//# sourceURL=code\n}',
    `return '\\n//# sourceURL=code\\n}'`,
  ),
  returns('a byte order mark is white space', 4, `\uFEFF2 + 2`),
  fails('a null byte in the code is a syntax error', syntax, `return 1\u0000`),
  returns(
    'carriage returns and separators end lines for all parsers',
    4,
    `const a = 1 // \u2028 + 1\r+ 0\rconst b = 2 /* \u2029 */\r\nreturn a + b`,
  ),
  fails('an escaped keyword is a syntax error', syntax, `\\u0072eturn 1`),
  returns(
    'escapes in names are those names',
    [true, 4, 'undefined'],
    `const t\\u006fols2 = t\\u006Fols; var \\u{72}esult2 = 4; return [tools2 === tools, result2, typeof pr\\u006fcess]`,
  ),
  returns(
    'a bidirectional override does not change the code that runs',
    'guest',
    `const role = 'guest' /*\u202e } \u2066if (admin)\u2069 \u2066 begin */ ; return role`,
  ),
]

const names: Attack[] = [
  fails('new.target is a syntax error', syntax, `return new.target`),
  fails('super is a syntax error', syntax, `return super.constructor`),
  fails('super of a call is a syntax error', syntax, `super()`),
  fails('await is not a valid name', syntax, `const await = 1; return await`),
  fails('import.meta is refused', { ...syntax, message: expect.stringContaining('modules') }, `return import.meta.url`),
  fails(
    'a dynamic import is refused, however it is hidden',
    { ...syntax, message: expect.stringContaining('modules') },
    `const f = () => { class A { static x = import('node:fs') } }; return f()`,
  ),
  fails('import source, defer and phases are refused', syntax, `return import.source('node:fs')`),
  fails('an undeclared private name is a syntax error', syntax, `return this.#state`),
  fails('a break out of the function is a syntax error', syntax, `break`),
  fails('a label cannot leave the function', syntax, `continue outer`),
  fails('an octal number in strict mode is a syntax error', syntax, `'use strict'; return 010`),
  fails('with in strict mode is a syntax error', syntax, `'use strict'; with ({}) return 1`),
  returns(
    'a directive of the code’s own does not reach the runtime',
    [true, 'undefined', 8],
    `return [(function () { return this })() === globalThis, typeof out, 010]`,
  ),
  returns(
    'a with statement around the code sees only the guest’s own objects',
    [1, ['tools']],
    `const asked = []
     with (new Proxy({}, { has(_target, key) { if (typeof key === 'string') asked.push(key); return false } })) { await tools.echo(1); var value = 1 }
     return [value, [...new Set(asked)].filter((name) => name !== 'value')]`,
  ),
  returns(
    'the function around the code reveals no other function',
    [true, 'AsyncFunction', 1, 'null'],
    `const { callee } = arguments
     let caller
     try { caller = String(callee.caller) } catch (error) { caller = error.name === 'TypeError' ? 'null' : error.name }
     return [callee.constructor('return 1') instanceof callee.constructor, callee.constructor.name, await callee.constructor('return 1')(), caller]`,
  ),
  returns(
    'the text of the function around the code is only the code',
    [true, true],
    `const text = String(arguments.callee); return [text.startsWith('async function anonymous(\\n) {\\nconst text'), text.endsWith(']\\n//# sourceURL=code\\n}')]`,
  ),
  returns(
    'the code can use the names of the wrapper',
    [1, 2, 3, 4],
    `var result2 = 1; function anonymous() { return 2 }; let f = 3; const main = 4; return [result2, anonymous(), f, main]`,
  ),
  returns(
    'shadowing tools, input, console and Promise has no effect on the runtime',
    [7, 1, 'own'],
    `const own = tools; { const tools = { echo: () => 7 }, Promise = null, console = null; var shadow = tools.echo() }
     var context2 = input; globalThis.Promise = class {}; try { globalThis.tools = null } catch {} globalThis.eval = () => 'own'
     return [shadow, await own.echo(1), eval('1')]`,
  ),
  returns(
    'context and config cannot be redefined by any means',
    ['TypeError', false, false, 'c1'],
    `const results = []
     try { Object.defineProperty(globalThis, 'context', { value: 'forged' }) } catch (error) { results.push(error.name) }
     results.push(Reflect.set(globalThis, 'context', 'forged'), Reflect.deleteProperty(globalThis, 'context'))
     return [...results, (0, eval)('context.clientId')]`,
    { context: { clientId: 'c1' } },
  ),
  returns(
    'a let in eval hides a read-only global only within eval',
    { clientId: 'c1' },
    `(0, eval)('let context = { clientId: "forged" }'); return context`,
    { context: { clientId: 'c1' } },
  ),
  returns(
    'a result that is a getter of globalThis is read once, as the value',
    [1, 3],
    `let reads = 0; Object.defineProperty(globalThis, 'result', { get() { reads++; return 3 } }); [reads + 1, globalThis.result]`,
  ),
]

const typesAndFences: Attack[] = [
  returns(
    'a type that looks like code is removed, and code that looks like a type runs',
    [1, 2],
    `type A = { then(): typeof globalThis }; const a = <T extends { b: \`\${string}})();\` }>(x: T | number) => x; return [a(1), (2 as unknown as A)]`,
  ),
  fails(
    'an enum with code in it is refused',
    syntax,
    `enum E { A = (() => { globalThis.out = 1; return 1 })() }; return E`,
  ),
  fails('a namespace is refused', syntax, `namespace N { export const leak = globalThis }; return N`),
  fails('a decorator is refused', syntax, `@((target: any) => target) class A {}; return 1`),
  fails('JSX is refused', syntax, `return <div>{globalThis}</div>`),
  fails('import equals is refused', syntax, `import fs = require('node:fs'); return fs`),
  fails(
    'a triple slash and an export assignment are refused',
    syntax,
    `/// <reference path="/etc/passwd" />\nexport = globalThis`,
  ),
  returns('declare emits no code', 'undefined', `declare const process: { env: object }; return typeof process`),
  returns('only the fence around the code is removed', '```', '```js\nreturn "```"\n```'),
  fails('a fence within the code is a syntax error', syntax, '```js\nconst a = 1\n```\n```js\nreturn a\n```'),
  fails(
    'the info string of a fence does not run',
    { code: 'GUEST_ERROR', message: 'ran' },
    '```js globalThis.out = 1; }{\nthrow new Error(typeof out === "undefined" ? "ran" : "out")\n```',
  ),
  returns(
    'a template with a fence, a hashbang and a page stays text',
    '#!/bin/sh\n```\n<script>',
    'return `#!/bin/sh\n\\`\\`\\`\n<script>`',
  ),
  fails(
    'an identifier of a hundred thousand letters in a syntax error is cut',
    { ...syntax, message: expect.stringMatching(/more characters\)/) },
    `let ${'a'.repeat(1e5)} = 1; let ${'a'.repeat(1e5)} = 2`,
  ),
  fails('code that nests too deeply is a syntax error', syntax, `return ${'('.repeat(5e4)}1${')'.repeat(5e4)}`),
  fails(
    'types that nest too deeply are a syntax error',
    syntax,
    `let a: ${'('.repeat(5e3)}number${')'.repeat(5e3)} = 1`,
  ),
]

export const attacks: readonly Attack[] = [...breakouts, ...names, ...typesAndFences]
