import { expect } from 'vitest'

import { type Attack, fails, returns } from './attack.ts'

const MiB = 1024 * 1024

const inToolCalls: Attack[] = [
  fails(
    'a flood of calls that nothing awaits ends the execution',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'for (let i = 0; i < 1e3; i++) tools.echo(i)',
  ),
  fails(
    'a flood of calls, one after the other ends the execution',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'for (;;) await tools.echo(1)',
  ),
  fails(
    'a flood of calls in one turn that catches what it can ends the execution',
    { code: 'TOO_MANY_TOOL_CALLS', details: { limit: 256, option: 'maxToolCalls' } },
    'const all = Array.from({ length: 300 }, (_, i) => tools.echo(i).catch(() => 0))\nawait Promise.allSettled(all)\nreturn 1',
  ),
  fails(
    'a flood of calls whose turn never ends has made none',
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
    'calls that a call’s input makes count as well',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'await tools.echo({ toJSON() { for (let i = 0; i < 300; i++) tools.echo(i); return 1 } })',
  ),
  fails(
    'calls that timers make count as well',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'setInterval(() => tools.echo(1), 1)\nawait sleep(20_000)',
  ),
  returns(
    'as many calls as are allowed may be made at once',
    255 * 128,
    'const all = await Promise.all(Array.from({ length: 256 }, (_, i) => tools.echo(i)))\nreturn all.reduce((a, b) => a + b)',
  ),
  returns(
    'calls that the end leaves behind do not hold it up',
    1,
    'for (let i = 0; i < 256; i++) tools.echo(i)\nreturn 1',
  ),
  returns(
    'names that are no names are no tools',
    Array.from({ length: 6 }, () => 'TOOL_NOT_ALLOWED'),
    `const names = ['echo\\0', '__proto__.echo', 'echo '.repeat(1e5), '\\ud800', '../echo', 'exe_1:1']
     return Promise.all(names.map((name) => tools[name](1).then(() => name, (error) => error.code)))`,
  ),
  returns(
    'the place of what can not be sent may be a megabyte long',
    true,
    'return tools.echo({ ["x".repeat(1e6)]: () => {} }).catch(({ data }) => data.path.length > 1e6)',
  ),
  fails(
    'an error about such a place is told in short',
    { code: 'GUEST_ERROR', name: 'ToolError', details: { code: 'TOOL_INPUT_INVALID' } },
    'await tools.echo({ ["x".repeat(1e6)]: () => {} })',
  ),
  returns(
    'calls that the result makes while it is written do not hold it up',
    { a: 1 },
    'return { get a() { for (let i = 0; i < 100; i++) tools.echo(1); return 1 } }',
  ),
  returns('a name of nothing is no tool', 'TOOL_NOT_ALLOWED', 'return tools[""](1).catch(({ code }) => code)'),
  returns(
    'a call that another call’s input makes is a call like any other',
    [1, 2],
    'let inner\nconst outer = tools.echo({ toJSON() { inner = tools.echo(2); return 1 } })\nreturn Promise.all([outer, inner])',
  ),
  fails(
    'an error about a tool’s name of a megabyte is told in short',
    { code: 'GUEST_ERROR', name: 'ToolError', message: expect.stringMatching(/ more characters\)$/) },
    'await tools["x".repeat(1e6)](1)',
  ),
  fails(
    'an error about a tool’s name of 64 MiB is told in short',
    { code: 'GUEST_ERROR', name: 'ToolError' },
    'await tools["x".repeat(2 ** 26)](1)',
  ),
]

const inPayloads: Attack[] = [
  returns(
    'an input that is a byte too large fails its call',
    { code: 'TOOL_INPUT_TOO_LARGE', data: { sizeBytes: MiB + 1, limitBytes: MiB } },
    'return tools.echo("x".repeat(2 ** 20 - 1)).catch(({ code, data }) => ({ code, data }))',
  ),
  returns(
    'an input is measured in bytes',
    'TOOL_INPUT_TOO_LARGE',
    'return tools.echo("\\u{1F600}".repeat(2 ** 18)).catch(({ code }) => code)',
  ),
  returns(
    'an input is measured with its escapes',
    'TOOL_INPUT_TOO_LARGE',
    'return tools.echo("\\0".repeat(2 ** 18)).catch(({ code }) => code)',
  ),
  returns(
    'an input of 64 MiB that is made of one string fails its call',
    'TOOL_INPUT_TOO_LARGE',
    'const s = "x".repeat(2 ** 20)\nreturn tools.echo(Array(64).fill(s)).catch(({ code }) => code)',
  ),
  fails(
    'as many calls as are allowed with as much as is allowed overfill the journal',
    { code: 'JOURNAL_TOO_LARGE', details: { limitBytes: 16 * MiB } },
    'const s = "x".repeat(2 ** 20 - 2)\nfor (let i = 0; i < 256; i++) tools.echo(s)\nawait sleep(1)',
  ),
  fails(
    'characters of three bytes overfill it as well',
    { code: 'JOURNAL_TOO_LARGE' },
    'const s = "\\u20ac".repeat(2 ** 20 / 3 - 2)\nfor (let i = 0; i < 256; i++) tools.echo(s)\nawait sleep(1)',
  ),
  fails(
    'so do quotes, which each envelope escapes once more',
    { code: 'JOURNAL_TOO_LARGE' },
    'const s = "\\"".repeat(2 ** 19 - 1)\nfor (let i = 0; i < 256; i++) tools.echo(s)\nawait sleep(1)',
  ),
  fails(
    'large inputs overfill it one after the other',
    { code: 'JOURNAL_TOO_LARGE' },
    'const s = "x".repeat(2 ** 20 - 2)\nfor (;;) await tools.echo(s)',
  ),
  fails(
    'large answers overfill it one after the other',
    { code: 'JOURNAL_TOO_LARGE' },
    'for (;;) await tools.large(4 * 2 ** 20)',
  ),
  fails(
    'large answers overfill it all at once',
    { code: 'JOURNAL_TOO_LARGE' },
    'await Promise.all(Array.from({ length: 32 }, () => tools.large(2 ** 20)))',
  ),
  returns(
    'an answer that is a byte too large fails its call',
    'TOOL_OUTPUT_TOO_LARGE',
    'return tools.large(4 * 2 ** 20 + 1).catch(({ code }) => code)',
  ),
  returns(
    'an input that is nested too deeply fails its call',
    true,
    `let codes = new Set()
     for (const depth of [100, 1e3, 1e4, 1e5]) {
       let input = 1
       for (let i = 0; i < depth; i++) input = [input]
       codes.add(await tools.echo(input).then(() => 'answered', (error) => error.code ?? error.name))
     }
     return [...codes].every((code) => ['answered', 'TOOL_INPUT_INVALID'].includes(code))`,
  ),
]

const inTimers: Attack[] = [
  fails(
    'a flood of timers ends the execution',
    { code: 'TOO_MANY_TIMERS', details: { limit: 10_000 } },
    'for (let i = 0; i < 2e4; i++) setTimeout(() => {}, 1e9)',
  ),
  fails(
    'a flood of intervals ends the execution',
    { code: 'TOO_MANY_TIMERS' },
    'for (let i = 0; i < 2e4; i++) setInterval(() => {}, 1)\nawait sleep(1)',
  ),
  fails(
    'a flood of sleeps, all awaited ends the execution',
    { code: 'TOO_MANY_TIMERS' },
    'await Promise.all(Array.from({ length: 2e4 }, () => sleep(1)))',
  ),
  fails(
    'a flood of signals that time out ends the execution',
    { code: 'TOO_MANY_TIMERS' },
    'for (let i = 0; i < 2e4; i++) AbortSignal.timeout(1e6)\nawait sleep(1)',
  ),
  fails(
    'timers that each make fifty end the execution',
    { code: 'TOO_MANY_TIMERS' },
    'const go = () => { for (let i = 0; i < 50; i++) setTimeout(go, 1) }\ngo()\nawait sleep(1e6)',
  ),
  fails(
    'a flood of timers whose turn never ends is stopped by its CPU clock',
    { code: 'CPU_TIMEOUT' },
    'for (;;) try { setTimeout(() => {}, 1e9) } catch {}',
    { cpuTimeoutMs: 100 },
  ),
  returns(
    'timers that are cleared as fast as they are set do not count',
    1,
    'for (let i = 0; i < 1e5; i++) clearTimeout(setTimeout(() => {}, 1))\nreturn 1',
  ),
]

const inWaiting: Attack[] = [
  fails('a race that nobody runs is not waited for', { code: 'NEVER_SETTLES' }, 'await Promise.race([])'),
  fails(
    'an event that never comes is not waited for',
    { code: 'NEVER_SETTLES' },
    'await new Promise((done) => new AbortController().signal.addEventListener("abort", done))',
  ),
  fails(
    'a hundred thousand promises that nothing settles are not waited for',
    { code: 'NEVER_SETTLES' },
    'await Promise.all(Array.from({ length: 1e5 }, () => new Promise(() => {})))',
  ),
  fails(
    'two functions that wait for each other are not waited for',
    { code: 'NEVER_SETTLES' },
    'const a = (async () => { await null; await b })()\nconst b = (async () => { await null; await a })()\nawait a',
  ),
  fails(
    'a thenable that never answers is not waited for',
    { code: 'NEVER_SETTLES' },
    'let n = 0\nawait { then() { n += 1 } }',
  ),
  fails(
    'a promise that waits for itself is rejected',
    { code: 'GUEST_ERROR', name: 'TypeError' },
    'const a = Promise.resolve().then(() => a)\nawait a',
  ),
]

export const attacks: readonly Attack[] = [...inToolCalls, ...inPayloads, ...inTimers, ...inWaiting]
