import { expect } from 'vitest'

import { type Attack, fails, returns } from './attack.ts'

const MiB = 1024 * 1024

const inResults: Attack[] = [
  fails(
    'a result of escapes',
    { code: 'RESULT_TOO_LARGE', details: { limit: 'resultBytes', limitBytes: MiB, sizeBytes: 6 * 2 ** 18 + 2 } },
    'return "\\0".repeat(2 ** 18)',
  ),
  fails('a result of lone surrogates', { code: 'RESULT_TOO_LARGE' }, 'return "\\ud800".repeat(2 ** 18)'),
  returns('a result of quotes that just fits', '"'.repeat(2 ** 19 - 1), 'return "\\"".repeat(2 ** 19 - 1)'),
  fails(
    'a result of many keys',
    { code: 'RESULT_TOO_LARGE' },
    'return Object.fromEntries(Array.from({ length: 2e5 }, (_, i) => [`key${i}`, i]))',
  ),
  fails(
    'a result of one array many times',
    { code: 'RESULT_TOO_LARGE' },
    'const a = Array(1e3).fill(0)\nreturn Array(1e3).fill(a)',
  ),
  fails(
    'a result that its toJSON makes large',
    { code: 'RESULT_TOO_LARGE' },
    'return { toJSON: () => "x".repeat(2 ** 24) }',
  ),
  fails(
    'a result nested so deeply that nothing can write it',
    { code: 'GUEST_ERROR', name: 'RangeError', message: 'Maximum call stack size exceeded' },
    'let a = 1\nfor (let i = 0; i < 1e5; i++) a = [a]\nreturn a',
  ),
  fails(
    'what JSON can not hold, at a place of a megabyte',
    { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError' },
    'return { ["x".repeat(1e6)]: () => {} }',
  ),
  fails(
    'the same at a place of 16 MiB',
    { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError' },
    'return { ["x".repeat(2 ** 24)]: () => {} }',
  ),
  fails(
    'the same a thousand places deep',
    { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError' },
    'let a = () => {}\nfor (let i = 0; i < 1_000; i++) a = { ["key".repeat(100)]: a }\nreturn a',
  ),
  fails(
    'a result nested five thousand times',
    { code: 'GUEST_ERROR', name: 'RangeError', message: 'Maximum call stack size exceeded' },
    'let a = 1\nfor (let i = 0; i < 5_000; i++) a = [a]\nreturn a',
  ),
  returns(
    'a result nested a thousand times',
    Array.from({ length: 1_000 }).reduce((inner: unknown) => [inner], 1),
    'let a = 1\nfor (let i = 0; i < 1_000; i++) a = [a]\nreturn a',
  ),
]

const inErrors: Attack[] = [
  fails(
    'a syntax error about a name of a hundred thousand letters',
    { code: 'SYNTAX_ERROR', message: expect.stringMatching(/^Identifier 'x+/) },
    `let ${'x'.repeat(100_000)}; let ${'x'.repeat(100_000)}`,
  ),
  fails(
    'one about types',
    { code: 'SYNTAX_ERROR' },
    `let a: number; let ${'x'.repeat(100_000)}: string; let ${'x'.repeat(100_000)}: string`,
  ),
  fails(
    'a name of as many letters that is not defined',
    { code: 'GUEST_ERROR', name: 'ReferenceError' },
    'x'.repeat(100_000),
  ),
  fails(
    'an error message of ten million characters',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/^x{8192}… \(9991808 more characters\)$/) },
    'throw new Error("x".repeat(1e7))',
  ),
  fails(
    'a string of a hundred thousand that is thrown',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/^x{8192}… \(91808 more characters\)$/) },
    'throw "x".repeat(1e5)',
  ),
  fails(
    'a string of ten million that is thrown',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/^x{8192}… \(9991808 more characters\)$/) },
    'throw "x".repeat(1e7)',
  ),
  fails(
    'a string too large for any frame that is thrown',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/^x{8192}… \(67100672 more characters\)$/) },
    'throw "x".repeat(2 ** 26)',
  ),
  fails(
    'an object that writes itself as so much JSON',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/ more characters\)$/) },
    'throw { toJSON: () => "x".repeat(2 ** 24) }',
  ),
  fails(
    'a BigInt of a hundred thousand digits that is thrown',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/ more characters\)$/) },
    'throw 10n ** 100_000n',
  ),
  fails(
    'a name and a stack of ten million characters',
    {
      code: 'GUEST_ERROR',
      name: expect.stringMatching(/^n{256}… \(\d+ more characters\)$/),
      guestStack: expect.stringMatching(/^s{16384}… \(\d+ more characters\)$/),
    },
    'throw Object.assign(new Error("x"), { name: "n".repeat(1e7), stack: "s".repeat(1e7) })',
  ),
  fails(
    'fields of ten million characters on an error',
    { code: 'GUEST_ERROR', message: 'x' },
    'throw Object.assign(new Error("x"), { code: "x".repeat(1e7), data: "x".repeat(1e7), details: { a: "x".repeat(1e7) } })',
  ),
  fails(
    'and on an error of a tool',
    { code: 'GUEST_ERROR', name: 'ToolError', details: { tool: 'fails', code: 'TOOL_ERROR' } },
    'try { await tools.fails() } catch (error) { error.tool = error.data = error.code = "x".repeat(1e7); throw error }',
  ),
  fails(
    'a hundred thousand causes',
    { code: 'GUEST_ERROR', message: 'last' },
    'let cause\nfor (let i = 0; i < 1e5; i++) cause = new Error("x", { cause })\nthrow new Error("last", { cause })',
  ),
  fails(
    'an aggregate of a hundred thousand errors',
    { code: 'GUEST_ERROR', name: 'AggregateError' },
    'throw new AggregateError(Array.from({ length: 1e5 }, () => new Error("x")), "all")',
  ),
]

const inLogs: Attack[] = [
  returns(
    'entries of lone surrogates',
    'done',
    'for (let i = 0; i < 10; i++) console.log("\\ud800".repeat(1e4))\nreturn "done"',
  ),
  returns('entries of control characters', 'done', 'console.log("\\0".repeat(1e6))\nreturn "done"'),
  returns('a hundred thousand entries', 'done', 'for (let i = 0; i < 1e5; i++) console.log(i)\nreturn "done"'),
  returns('an entry of 16 MiB', 'done', 'console.log("x".repeat(2 ** 24))\nreturn "done"'),
  returns('a hundred thousand arguments', 'done', 'console.log(...Array(1e5).fill("x"))\nreturn "done"'),
  returns('entries of nothing', 'done', 'for (let i = 0; i < 1e5; i++) console.log()\nreturn "done"'),
  returns(
    'an entry nested a hundred thousand times',
    'done',
    'let a = 1\nfor (let i = 0; i < 1e5; i++) a = { a }\nconsole.log(a)\nreturn "done"',
  ),
  returns(
    'an entry of a hundred thousand keys',
    'done',
    'console.log(Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [i, i])))\nreturn "done"',
  ),
  returns(
    'an indentation of 2 MB',
    'done',
    'for (let i = 0; i < 1e6; i++) console.group()\nconsole.log(1)\nreturn "done"',
  ),
  fails(
    'an entry that logs itself',
    { code: 'GUEST_ERROR', name: 'RangeError' },
    'const a = { toString() { console.count(a) } }\nconsole.count(a)',
  ),
]

export const attacks: readonly Attack[] = [...inResults, ...inErrors, ...inLogs]
