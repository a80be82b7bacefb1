import { type Attack, fails, returns } from './attack.ts'

const MiB = 1024 * 1024

const inToolCalls: Attack[] = [
  fails(
    'a flood of calls that nothing awaits ends the execution',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'for (let i = 0; i < 1e4; i++) tools.echo(i)',
  ),
  fails(
    'a flood of consecutive calls ends the execution',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'for (;;) await tools.echo(1)',
  ),
  fails(
    'a flood of calls in one turn that catches every error ends the execution',
    { code: 'TOO_MANY_TOOL_CALLS', details: { limit: 1_000, option: 'maxToolCalls' } },
    'const all = Array.from({ length: 1_100 }, (_, i) => tools.echo(i).catch(() => 0))\nawait Promise.allSettled(all)\nreturn 1',
  ),
  fails(
    'a flood of calls in a turn that never ends makes no call',
    { code: 'CPU_TIMEOUT' },
    'for (;;) try { tools.echo(1).catch(() => {}) } catch {}',
    { cpuTimeoutMs: 100 },
  ),
  fails(
    'calls of unknown tools are no calls',
    { code: 'GUEST_ERROR', name: 'TypeError', message: 'tools[name] is not a function' },
    `for (let i = 0; i < 1000; i++) try { const name = 'none' + i; tools[name]() } catch (error) { if (i === 999) throw error }`,
  ),
  fails(
    'calls with refused inputs count towards the limit',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'for (;;) await tools.echo(() => {}).catch(() => {})',
  ),
  fails(
    'calls that the input of a call makes count towards the limit',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'await tools.echo({ toJSON() { for (let i = 0; i < 1_100; i++) tools.echo(i); return 1 } })',
  ),
  fails(
    'calls that timers make count towards the limit',
    { code: 'TOO_MANY_TOOL_CALLS' },
    'setInterval(() => { for (let i = 0; i < 20; i++) tools.echo(i) }, 1)\nawait sleep(200_000)',
  ),
  returns(
    'code can make the maximum number of calls at once',
    999 * 500,
    'const all = await Promise.all(Array.from({ length: 1_000 }, (_, i) => tools.echo(i)))\nreturn all.reduce((a, b) => a + b)',
  ),
  returns('open calls do not delay the end of the code', 1, 'for (let i = 0; i < 1_000; i++) tools.echo(i)\nreturn 1'),
  returns(
    'invalid names are not tools',
    Array.from({ length: 6 }, () => 'undefined'),
    `const names = ['echo\\0', '__proto__.echo', 'echo '.repeat(1e5), '\\ud800', '../echo', 'exe_1:1']
     return names.map((name) => typeof tools[name])`,
  ),
  returns(
    'the path to a value that is not JSON may be a megabyte long',
    true,
    'return tools.echo({ ["x".repeat(1e6)]: () => {} }).catch(({ data }) => data.path.length > 1e6)',
  ),
  fails(
    'an error with a path of a megabyte is cut',
    { code: 'GUEST_ERROR', name: 'ToolError', details: { code: 'TOOL_INPUT_INVALID' } },
    'await tools.echo({ ["x".repeat(1e6)]: () => {} })',
  ),
  returns(
    'calls that the result makes while it is serialised do not delay it',
    { a: 1 },
    'return { get a() { for (let i = 0; i < 100; i++) tools.echo(1); return 1 } }',
  ),
  returns('an empty name is not a tool', 'undefined', 'return typeof tools[""]'),
  returns(
    'a call that the input of another call makes is an ordinary call',
    [1, 2],
    'let inner\nconst outer = tools.echo({ toJSON() { inner = tools.echo(2); return 1 } })\nreturn Promise.all([outer, inner])',
  ),
  fails(
    'a name of a megabyte is no tool',
    { code: 'GUEST_ERROR', name: 'TypeError' },
    'await tools["x".repeat(1e6)](1)',
  ),
  fails(
    'a name of 64 MiB is no tool',
    { code: 'GUEST_ERROR', name: 'TypeError' },
    'await tools["x".repeat(2 ** 26)](1)',
  ),
]

const inPayloads: Attack[] = [
  returns(
    'an input one byte above the limit fails its call',
    { code: 'TOOL_INPUT_TOO_LARGE', data: { sizeBytes: MiB + 1, limitBytes: MiB } },
    'return tools.echo("x".repeat(2 ** 20 - 1)).catch(({ code, data }) => ({ code, data }))',
  ),
  returns(
    'the size of an input is counted in bytes',
    'TOOL_INPUT_TOO_LARGE',
    'return tools.echo("\\u{1F600}".repeat(2 ** 18)).catch(({ code }) => code)',
  ),
  returns(
    'the size of an input includes its escapes',
    'TOOL_INPUT_TOO_LARGE',
    'return tools.echo("\\0".repeat(2 ** 18)).catch(({ code }) => code)',
  ),
  returns(
    'an input of 64 MiB that is made of one string fails its call',
    'TOOL_INPUT_TOO_LARGE',
    'const s = "x".repeat(2 ** 20)\nreturn tools.echo(Array(64).fill(s)).catch(({ code }) => code)',
  ),
  fails(
    'the maximum number of calls with the largest inputs exceeds the journal limit',
    { code: 'JOURNAL_TOO_LARGE', details: { limitBytes: 16 * MiB } },
    'const s = "x".repeat(2 ** 20 - 2)\nfor (let i = 0; i < 1_000; i++) tools.echo(s)\nawait sleep(1)',
  ),
  fails(
    'characters of three bytes exceed the journal limit',
    { code: 'JOURNAL_TOO_LARGE' },
    'const s = "\\u20ac".repeat(2 ** 20 / 3 - 2)\nfor (let i = 0; i < 256; i++) tools.echo(s)\nawait sleep(1)',
  ),
  fails(
    'quotes, which each envelope escapes again, exceed the journal limit',
    { code: 'JOURNAL_TOO_LARGE' },
    'const s = "\\"".repeat(2 ** 19 - 1)\nfor (let i = 0; i < 256; i++) tools.echo(s)\nawait sleep(1)',
  ),
  fails(
    'consecutive large inputs exceed the journal limit',
    { code: 'JOURNAL_TOO_LARGE' },
    'const s = "x".repeat(2 ** 20 - 2)\nfor (;;) await tools.echo(s)',
  ),
  fails(
    'consecutive large answers exceed the journal limit',
    { code: 'JOURNAL_TOO_LARGE' },
    'for (;;) await tools.large(4 * 2 ** 20)',
  ),
  fails(
    'concurrent large answers exceed the journal limit',
    { code: 'JOURNAL_TOO_LARGE' },
    'await Promise.all(Array.from({ length: 32 }, () => tools.large(2 ** 20)))',
  ),
  returns(
    'an answer one byte above the limit fails its call',
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
    'a flood of awaited sleeps ends the execution',
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
    'timers that are cleared at once do not count',
    1,
    'for (let i = 0; i < 1e5; i++) clearTimeout(setTimeout(() => {}, 1))\nreturn 1',
  ),
]

const inWaiting: Attack[] = [
  fails('an empty Promise.race fails at once', { code: 'NEVER_SETTLES' }, 'await Promise.race([])'),
  fails(
    'a wait for an event that never fires fails at once',
    { code: 'NEVER_SETTLES' },
    'await new Promise((done) => new AbortController().signal.addEventListener("abort", done))',
  ),
  fails(
    'a wait for a hundred thousand promises that never settle fails at once',
    { code: 'NEVER_SETTLES' },
    'await Promise.all(Array.from({ length: 1e5 }, () => new Promise(() => {})))',
  ),
  fails(
    'two functions that await each other fail at once',
    { code: 'NEVER_SETTLES' },
    'const a = (async () => { await null; await b })()\nconst b = (async () => { await null; await a })()\nawait a',
  ),
  fails(
    'a wait for a thenable that never settles fails at once',
    { code: 'NEVER_SETTLES' },
    'let n = 0\nawait { then() { n += 1 } }',
  ),
  fails(
    'a promise that awaits itself is rejected',
    { code: 'GUEST_ERROR', name: 'TypeError' },
    'const a = Promise.resolve().then(() => a)\nawait a',
  ),
]

export const attacks: readonly Attack[] = [...inToolCalls, ...inPayloads, ...inTimers, ...inWaiting]
