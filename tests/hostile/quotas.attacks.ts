import { expect } from 'vitest'

import { type Attack, fails, returns } from './attack.ts'

const MiB = 1024 * 1024

const inToolCalls: Attack[] = [
  fails(
    'a flood of calls that nothing awaits',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'for (let i = 0; i < 1e3; i++) tools.echo(i)',
  ),
  fails('a flood of calls, one after the other', { code: 'TOO_MANY_TOOL_CALLS' }, 'for (;;) await tools.echo(1)'),
  fails(
    'a flood of calls in one turn that catches what it can',
    { code: 'TOO_MANY_TOOL_CALLS', details: { limit: 256, option: 'maxToolCalls' } },
    'const all = Array.from({ length: 300 }, (_, i) => tools.echo(i).catch(() => 0))\nawait Promise.allSettled(all)\nreturn 1',
  ),
  fails(
    'a flood of calls that goes on for ever: its turn never ended, so it made none',
    { code: 'CPU_TIMEOUT' },
    'for (;;) try { tools.echo(1).catch(() => {}) } catch {}',
    { cpuTimeoutMs: 100 },
  ),
  fails(
    'calls of tools that do not exist count as well',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'for (let i = 0; ; i++) await tools[`none${i}`]().catch(() => {})',
  ),
  fails(
    'calls with inputs that are refused count as well',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'for (;;) await tools.echo(() => {}).catch(() => {})',
  ),
  fails(
    'calls that a call’s input makes',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'const input = { toJSON() { tools.echo(input); return 1 } }\nawait tools.echo(input)',
  ),
  fails(
    'calls that timers make',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'setInterval(() => tools.echo(1), 1)\nawait sleep(20_000)',
  ),
  returns(
    'as many calls as are allowed, all at once',
    255 * 128,
    'const all = await Promise.all(Array.from({ length: 256 }, (_, i) => tools.echo(i)))\nreturn all.reduce((a, b) => a + b)',
  ),
  returns('calls that the end leaves behind', 1, 'for (let i = 0; i < 256; i++) tools.echo(i)\nreturn 1'),
  returns(
    'names that are no names',
    Array.from({ length: 6 }, () => 'TOOL_NOT_ALLOWED'),
    `const names = ['echo\\0', '__proto__.echo', 'echo '.repeat(1e5), '\\ud800', '../echo', 'exe_1:1']
     return Promise.all(names.map((name) => tools[name](1).then(() => name, (error) => error.code)))`,
  ),
  returns('a name of nothing', 'TOOL_NOT_ALLOWED', 'return tools[""](1).catch(({ code }) => code)'),
  returns(
    'a call that another call’s input makes',
    [1, 2],
    'let inner\nconst outer = tools.echo({ toJSON() { inner = tools.echo(2); return 1 } })\nreturn Promise.all([outer, inner])',
  ),
  fails(
    'a tool’s name of a megabyte, in an error that nobody catches',
    { code: 'GUEST_ERROR', name: 'ToolError', message: expect.stringMatching(/ more characters\)$/) },
    'await tools["x".repeat(1e6)](1)',
  ),
  fails(
    'a tool’s name of 64 MiB, in an error that nobody catches',
    { code: 'GUEST_ERROR', name: 'ToolError' },
    'await tools["x".repeat(2 ** 26)](1)',
  ),
]

const inPayloads: Attack[] = [
  returns(
    'an input that is a byte too large',
    { code: 'TOOL_INPUT_TOO_LARGE', data: { sizeBytes: MiB + 1, limitBytes: MiB } },
    'return tools.echo("x".repeat(2 ** 20 - 1)).catch(({ code, data }) => ({ code, data }))',
  ),
  returns(
    'an input of few characters and many bytes',
    'TOOL_INPUT_TOO_LARGE',
    'return tools.echo("\\u{1F600}".repeat(2 ** 18)).catch(({ code }) => code)',
  ),
  returns(
    'an input that is made of escapes',
    'TOOL_INPUT_TOO_LARGE',
    'return tools.echo("\\0".repeat(2 ** 18)).catch(({ code }) => code)',
  ),
  returns(
    'an input of 64 MiB, made of one string',
    'TOOL_INPUT_TOO_LARGE',
    'const s = "x".repeat(2 ** 20)\nreturn tools.echo(Array(64).fill(s)).catch(({ code }) => code)',
  ),
  fails(
    'as many calls as are allowed with as much as is allowed',
    { code: 'JOURNAL_TOO_LARGE', details: { limitBytes: 16 * MiB } },
    'const s = "x".repeat(2 ** 20 - 2)\nfor (let i = 0; i < 256; i++) tools.echo(s)\nawait sleep(1)',
  ),
  fails(
    'the same in characters of three bytes',
    { code: 'JOURNAL_TOO_LARGE' },
    'const s = "\\u20ac".repeat(2 ** 20 / 3 - 2)\nfor (let i = 0; i < 256; i++) tools.echo(s)\nawait sleep(1)',
  ),
  fails(
    'the same in quotes, which each envelope escapes once more',
    { code: 'JOURNAL_TOO_LARGE' },
    'const s = "\\"".repeat(2 ** 19 - 1)\nfor (let i = 0; i < 256; i++) tools.echo(s)\nawait sleep(1)',
  ),
  fails(
    'large inputs, one after the other',
    { code: 'JOURNAL_TOO_LARGE' },
    'const s = "x".repeat(2 ** 20 - 2)\nfor (;;) await tools.echo(s)',
  ),
  fails('large answers, one after the other', { code: 'JOURNAL_TOO_LARGE' }, 'for (;;) await tools.large(4 * 2 ** 20)'),
  fails(
    'large answers, all at once',
    { code: 'JOURNAL_TOO_LARGE' },
    'await Promise.all(Array.from({ length: 32 }, () => tools.large(2 ** 20)))',
  ),
  returns(
    'an answer that is a byte too large',
    'TOOL_OUTPUT_TOO_LARGE',
    'return tools.large(4 * 2 ** 20 + 1).catch(({ code }) => code)',
  ),
  returns(
    'an input that is nested as deeply as it gets',
    true,
    `let codes = new Set()
     for (const depth of [100, 1e3, 1e4, 1e5]) {
       let input = 1
       for (let i = 0; i < depth; i++) input = [input]
       codes.add(await tools.echo(input).then(() => 'answered', (error) => error.code ?? error.name))
     }
     return [...codes].every((code) => ['answered', 'RangeError', 'TOOL_INPUT_INVALID'].includes(code))`,
  ),
]

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
  returns(
    'a result nested a thousand times',
    Array.from({ length: 1_000 }).reduce((inner: unknown) => [inner], 1),
    'let a = 1\nfor (let i = 0; i < 1_000; i++) a = [a]\nreturn a',
  ),
]

const inErrors: Attack[] = [
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
    { code: 'GUEST_ERROR', message: 'x', details: undefined },
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

const inTimers: Attack[] = [
  fails(
    'a flood of timers',
    { code: 'TOO_MANY_TIMERS', details: { limit: 10_000 } },
    'for (let i = 0; i < 2e4; i++) setTimeout(() => {}, 1e9)',
  ),
  fails(
    'a flood of intervals',
    { code: 'TOO_MANY_TIMERS' },
    'for (let i = 0; i < 2e4; i++) setInterval(() => {}, 1)\nawait sleep(1)',
  ),
  fails(
    'a flood of sleeps, all awaited',
    { code: 'TOO_MANY_TIMERS' },
    'await Promise.all(Array.from({ length: 2e4 }, () => sleep(1)))',
  ),
  fails(
    'a flood of signals that time out',
    { code: 'TOO_MANY_TIMERS' },
    'for (let i = 0; i < 2e4; i++) AbortSignal.timeout(1e6)\nawait sleep(1)',
  ),
  fails(
    'timers that each make two',
    { code: 'TOO_MANY_TIMERS' },
    'const go = () => { for (let i = 0; i < 50; i++) setTimeout(go, 1) }\ngo()\nawait sleep(1e6)',
  ),
  fails(
    'a flood of timers that goes on for ever',
    { code: 'CPU_TIMEOUT' },
    'for (;;) try { setTimeout(() => {}, 1e9) } catch {}',
    { cpuTimeoutMs: 100 },
  ),
  returns(
    'timers that are cleared as fast as they are set',
    1,
    'for (let i = 0; i < 1e5; i++) clearTimeout(setTimeout(() => {}, 1))\nreturn 1',
  ),
]

const inWaiting: Attack[] = [
  fails('a race that nobody runs', { code: 'NEVER_SETTLES' }, 'await Promise.race([])'),
  fails(
    'an event that never comes',
    { code: 'NEVER_SETTLES' },
    'await new Promise((done) => new AbortController().signal.addEventListener("abort", done))',
  ),
  fails(
    'a hundred thousand promises that nothing settles',
    { code: 'NEVER_SETTLES' },
    'await Promise.all(Array.from({ length: 1e5 }, () => new Promise(() => {})))',
  ),
  fails(
    'two functions that wait for each other',
    { code: 'NEVER_SETTLES' },
    'const a = (async () => { await null; await b })()\nconst b = (async () => { await null; await a })()\nawait a',
  ),
  fails(
    'a thenable that is always about to answer',
    { code: 'NEVER_SETTLES' },
    'let n = 0\nawait { then() { n += 1 } }',
  ),
  fails(
    'a promise that waits for itself',
    { code: 'GUEST_ERROR', name: 'TypeError' },
    'const a = Promise.resolve().then(() => a)\nawait a',
  ),
]

export const attacks: readonly Attack[] = [
  ...inToolCalls,
  ...inPayloads,
  ...inResults,
  ...inErrors,
  ...inLogs,
  ...inTimers,
  ...inWaiting,
]
