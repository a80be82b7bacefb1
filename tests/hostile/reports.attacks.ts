import { expect } from 'vitest'

import { type Attack, fails, returns } from './attack.ts'

const MiB = 1024 * 1024

const inResults: Attack[] = [
  fails(
    'a result of escapes is too large',
    { code: 'RESULT_TOO_LARGE', details: { option: 'resultBytes', limitBytes: MiB, sizeBytes: 6 * 2 ** 18 + 2 } },
    'return "\\0".repeat(2 ** 18)',
  ),
  fails('a result of lone surrogates is too large', { code: 'RESULT_TOO_LARGE' }, 'return "\\ud800".repeat(2 ** 18)'),
  returns('a result of quotes at the limit is complete', '"'.repeat(2 ** 19 - 1), 'return "\\"".repeat(2 ** 19 - 1)'),
  fails(
    'a result of many keys is too large',
    { code: 'RESULT_TOO_LARGE' },
    'return Object.fromEntries(Array.from({ length: 2e5 }, (_, i) => [`key${i}`, i]))',
  ),
  fails(
    'a result that repeats one array many times is too large',
    { code: 'RESULT_TOO_LARGE' },
    'const a = Array(1e3).fill(0)\nreturn Array(1e3).fill(a)',
  ),
  fails(
    'a result that is large through its toJSON is too large',
    { code: 'RESULT_TOO_LARGE' },
    'return { toJSON: () => "x".repeat(2 ** 24) }',
  ),
  fails(
    'a result nested a hundred thousand times is refused',
    { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError', message: expect.stringContaining('nested too deeply') },
    'let a = 1\nfor (let i = 0; i < 1e5; i++) a = [a]\nreturn a',
  ),
  fails(
    'an error with a path of a megabyte is cut',
    { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError' },
    'return { ["x".repeat(1e6)]: () => {} }',
  ),
  fails(
    'an error with a path of 16 MiB is cut',
    { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError' },
    'return { ["x".repeat(2 ** 24)]: () => {} }',
  ),
  fails(
    'an error with a path of a thousand keys is cut',
    { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError' },
    'let a = () => {}\nfor (let i = 0; i < 1_000; i++) a = { ["key".repeat(100)]: a }\nreturn a',
  ),
  fails(
    'a result nested a thousand and one times is refused',
    {
      code: 'RESULT_NOT_SERIALIZABLE',
      name: 'TypeError',
      message: expect.stringContaining('the limit is 1000 levels'),
    },
    'let a = 1\nfor (let i = 0; i < 1_001; i++) a = [a]\nreturn a',
  ),
  returns(
    'a result nested a thousand times is complete',
    Array.from({ length: 1_000 }).reduce((inner: unknown) => [inner], 1),
    'let a = 1\nfor (let i = 0; i < 1_000; i++) a = [a]\nreturn a',
  ),
]

const inErrors: Attack[] = [
  fails(
    'a syntax error with a name of a hundred thousand letters is cut',
    { code: 'SYNTAX_ERROR', message: expect.stringMatching(/^Identifier 'x+/) },
    `let ${'x'.repeat(100_000)}; let ${'x'.repeat(100_000)}`,
  ),
  fails(
    'a syntax error with such a name in TypeScript is cut',
    { code: 'SYNTAX_ERROR' },
    `let a: number; let ${'x'.repeat(100_000)}: string; let ${'x'.repeat(100_000)}: string`,
  ),
  fails(
    'a ReferenceError with such a name is cut',
    { code: 'GUEST_ERROR', name: 'ReferenceError' },
    'x'.repeat(100_000),
  ),
  fails(
    'an error message of ten million characters is cut',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/^x{8192}… \(9991808 more characters\)$/) },
    'throw new Error("x".repeat(1e7))',
  ),
  fails(
    'a thrown string of a hundred thousand characters is cut',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/^x{8192}… \(91808 more characters\)$/) },
    'throw "x".repeat(1e5)',
  ),
  fails(
    'a thrown string of ten million characters is cut',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/^x{8192}… \(9991808 more characters\)$/) },
    'throw "x".repeat(1e7)',
  ),
  fails(
    'a thrown string too large for any frame is cut',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/^x{8192}… \(67100672 more characters\)$/) },
    'throw "x".repeat(2 ** 26)',
  ),
  fails(
    'a thrown object with as much JSON is cut',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/ more characters\)$/) },
    'throw { toJSON: () => "x".repeat(2 ** 24) }',
  ),
  fails(
    'a thrown BigInt of a hundred thousand digits is cut',
    { code: 'GUEST_ERROR', message: expect.stringMatching(/ more characters\)$/) },
    'throw 10n ** 100_000n',
  ),
  fails(
    'a name and a stack of ten million characters are cut',
    {
      code: 'GUEST_ERROR',
      name: expect.stringMatching(/^n{256}… \(\d+ more characters\)$/),
      guestStack: expect.stringMatching(/^s{16384}… \(\d+ more characters\)$/),
    },
    'throw Object.assign(new Error("x"), { name: "n".repeat(1e7), stack: "s".repeat(1e7) })',
  ),
  fails(
    'fields of ten million characters on an error are not reported',
    { code: 'GUEST_ERROR', message: 'x' },
    'throw Object.assign(new Error("x"), { code: "x".repeat(1e7), data: "x".repeat(1e7), details: { a: "x".repeat(1e7) } })',
  ),
  fails(
    'fields of ten million characters on an error of a tool are not reported',
    { code: 'GUEST_ERROR', name: 'ToolError', details: { tool: 'fails', code: 'TOOL_ERROR' } },
    'try { await tools.fails() } catch (error) { error.tool = error.data = error.code = "x".repeat(1e7); throw error }',
  ),
  fails(
    'a hundred thousand causes are not reported',
    { code: 'GUEST_ERROR', message: 'last' },
    'let cause\nfor (let i = 0; i < 1e5; i++) cause = new Error("x", { cause })\nthrow new Error("last", { cause })',
  ),
  fails(
    'an aggregate of a hundred thousand errors is reported as one error',
    { code: 'GUEST_ERROR', name: 'AggregateError' },
    'throw new AggregateError(Array.from({ length: 1e5 }, () => new Error("x")), "all")',
  ),
]

const inLogs: Attack[] = [
  returns(
    'entries of lone surrogates are cut',
    'done',
    'for (let i = 0; i < 10; i++) console.log("\\ud800".repeat(1e4))\nreturn "done"',
  ),
  returns('entries of control characters are cut', 'done', 'console.log("\\0".repeat(1e6))\nreturn "done"'),
  returns(
    'a hundred thousand entries are dropped and counted',
    'done',
    'for (let i = 0; i < 1e5; i++) console.log(i)\nreturn "done"',
  ),
  returns('an entry of 16 MiB is cut', 'done', 'console.log("x".repeat(2 ** 24))\nreturn "done"'),
  returns('a hundred thousand arguments are cut', 'done', 'console.log(...Array(1e5).fill("x"))\nreturn "done"'),
  returns(
    'empty entries count towards the limit',
    'done',
    'for (let i = 0; i < 1e5; i++) console.log()\nreturn "done"',
  ),
  returns(
    'an entry nested a hundred thousand times is shown to the usual depth',
    'done',
    'let a = 1\nfor (let i = 0; i < 1e5; i++) a = { a }\nconsole.log(a)\nreturn "done"',
  ),
  returns(
    'an entry of a hundred thousand keys is cut',
    'done',
    'console.log(Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [i, i])))\nreturn "done"',
  ),
  returns(
    'an indentation of 2 MB is cut',
    'done',
    'for (let i = 0; i < 1e6; i++) console.group()\nconsole.log(1)\nreturn "done"',
  ),
  returns(
    'a label that would log itself is shown, and its toString is not called',
    'not called',
    'let seen = "not called"\nconst a = { toString() { seen = "called" } }\nconsole.count(a)\nreturn seen',
  ),
]

export const attacks: readonly Attack[] = [...inResults, ...inErrors, ...inLogs]
