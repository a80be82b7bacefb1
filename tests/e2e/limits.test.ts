import { describe, expect, test } from 'vitest'

import { api, connect, toolLatch, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

test.each([
  ['a promise that nothing settles', 'await new Promise(() => {})'],
  ['one promise among others that nothing settles', 'await Promise.all([1, new Promise(() => {})])'],
  ['a thenable that never calls its callbacks', 'await { then() {} }'],
  ['a wait after the last timer', 'await sleep(1)\nawait new Promise(() => {})'],
  ['a timer that was cleared', 'await new Promise((resolve) => clearTimeout(setTimeout(resolve, 20_000)))'],
  [
    'an async generator that never yields',
    'for await (const x of (async function* () { await new Promise(() => {}) })());',
  ],
])(
  'a wait that can never settle fails at once with NEVER_SETTLES, not at the deadline: %s',
  { tags: ['EX-8'] },
  async (_what, code) => {
    const result = await suite.codemode.run(code, { executionTimeoutMs: 280_000 })
    expect(result).toMatchObject({ success: false, error: { code: 'NEVER_SETTLES', retryable: false } })
  },
)

test.each([
  ['a function', '({ a: [1, { run() {} }] })', '.a[1].run'],
  ['a symbol', '[Symbol("s")]', '[0]'],
  ['a BigInt', '({ "not an identifier": 1n })', '["not an identifier"]'],
  ['a cycle', '(() => { const a = { b: {} }; a.b.c = a; return a })()', '.b.c'],
  ['a Map', '({ index: new Map([[1, 2]]) })', '.index'],
  ['a Set', '[[], [new Set()]]', '[1][0]'],
  ['a promise without its await', '[1, Promise.resolve(2)]', '[1]'],
  ['the value itself', '() => 1', ''],
])(
  'a result that is not JSON is refused with the path to its value: %s',
  { tags: ['EX-8'] },
  async (_what, expression, path) => {
    const result = await suite.codemode.run(`return ${expression === '() => 1' ? '(() => 1)' : expression}`)
    expect(result).toMatchObject({
      success: false,
      error: { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError', details: { path } },
    })
    expect('error' in result ? result.error.message : '').toContain(path)
  },
)

test(
  'a result that is too large is refused with its size and the limit, and one at the limit is accepted',
  { tags: ['EX-8'] },
  async () => {
    const limitBytes = 1024 * 1024
    expect(await suite.codemode.executeAsync(`return 'x'.repeat(${limitBytes - 2})`)).toHaveLength(limitBytes - 2)
    expect(await suite.codemode.run(`return 'é'.repeat(${limitBytes / 2})`)).toMatchObject({
      success: false,
      error: { code: 'RESULT_TOO_LARGE', details: { option: 'resultBytes', limitBytes, sizeBytes: limitBytes + 2 } },
    })
  },
)

test('console output above its limit is dropped and counted', { tags: ['EX-8'] }, async () => {
  const result = await suite.codemode.run('for (let i = 0; i < 100; i++) console.log("x".repeat(1024))\nreturn 1')
  expect(result.success).toBe(true)
  // Each entry counts 64 bytes in addition to its text.
  const sizeBytes = result.logs.reduce((sum, { text }) => sum + text.length + 64, 0)
  expect(sizeBytes).toBeGreaterThanOrEqual(64 * 1024)
  expect(sizeBytes).toBeLessThan(65 * 1024)
  expect(result.logs.length + result.logsDropped.entries).toBeGreaterThanOrEqual(100)
  expect(result.logsDropped.bytes).toBeGreaterThan(30 * 1024)
})

test('too many concurrent timers end the execution, and the code cannot catch it', { tags: ['EX-8'] }, async () => {
  const result = await suite.codemode.run(`
    try { for (let i = 0; i <= 10_000; i++) setTimeout(() => {}, 1_000_000) } catch {}
    return 'caught'`)
  expect(result).toMatchObject({ success: false, error: { code: 'TOO_MANY_TIMERS', details: { limit: 10_000 } } })
})

test('fired and cleared timers do not count', { tags: ['EX-8'] }, async () => {
  const code =
    'for (let i = 0; i < 30_000; i++) clearTimeout(setTimeout(() => {}, 1_000))\nawait sleep(1)\nreturn "fine"'
  expect(await suite.codemode.executeAsync(code)).toBe('fine')
})

test('exhausting the memory ends the execution, and the code cannot catch it', { tags: ['EX-8'] }, async () => {
  const result = await suite.codemode.run(
    'console.log("before")\ntry { const a = []; for (;;) a.push({ a: 1 }) } catch {}\nreturn "caught"',
    { memoryLimitMb: 16, cpuTimeoutMs: 20_000 },
  )
  expect(result).toMatchObject({
    success: false,
    error: { code: 'MEMORY_LIMIT', name: 'RangeError', details: { limitMb: 16, option: 'memoryLimitMb' } },
  })
})

test('an execution that exhausts its memory ends no other execution', { tags: ['EX-2', 'EX-8'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  await using client = connect(suite.executor, { tools: { enter } })
  const neighbours = Promise.all(
    Array.from({ length: 6 }, (_, input) =>
      client.executeAsync('const mine = input\nawait tools.enter(0)\nreturn mine', { input }),
    ),
  )
  await arrived(6)
  const hogs = await client.executeAll(
    Array.from({ length: 2 }, () => 'const a = []; for (;;) a.push({ a: 1 })'),
    { memoryLimitMb: 16, cpuTimeoutMs: 20_000 },
  )
  for (const hog of hogs) expect(hog).toMatchObject({ success: false, error: { code: 'MEMORY_LIMIT' } })
  open()
  expect(await neighbours).toEqual([0, 1, 2, 3, 4, 5])
})

const large = ({ sizeBytes }: { sizeBytes: number }) => 'x'.repeat(sizeBytes - 2)

describe.each(transports)('over the $transport transport', ({ config, transport }) => {
  test('one tool call too many ends the execution, and the code cannot catch it', { tags: ['EX-8'] }, async () => {
    let calls = 0
    await using client = connect(suite.executor, { ...config, tools: { count: () => (calls += 1) } })
    const code = `
      for (let i = 1; i <= 1_000; i++) await tools.count({})
      console.log('all allowed ones are made')
      await tools.count({}).catch(() => 'caught')
      return 'caught'`
    const result = await client.run(code, { cpuTimeoutMs: 30_000 })
    expect(result).toMatchObject({
      success: false,
      error: { code: 'TOO_MANY_TOOL_CALLS' },
      logs: [{ text: 'all allowed ones are made' }],
    })
    expect(result.toolCalls).toHaveLength(1_000)
    expect(calls).toBe(1_000)
  })

  test(
    'an input that is too large or not JSON fails only its call, before anything is sent',
    { tags: ['EX-8'] },
    async () => {
      let calls = 0
      await using client = connect(suite.executor, { ...config, tools: { count: () => (calls += 1) } })
      const codes = await client.executeAsync(`
      const codeOf = (input) => tools.count(input).then(() => 'sent', ({ code }) => code)
      return [
        await codeOf('x'.repeat(1024 * 1024)),
        await codeOf({ deep: [() => 1] }),
        await codeOf('x'.repeat(1024 * 1024 - 2)),
      ]`)
      expect(codes).toEqual(['TOOL_INPUT_TOO_LARGE', 'TOOL_INPUT_INVALID', 'sent'])
      expect(calls).toBe(1)
    },
  )

  test('an output that is too large fails only its call, with its size', { tags: ['EX-8'] }, async () => {
    await using client = connect(suite.executor, { ...config, tools: { large } })
    const limitBytes = 4 * 1024 * 1024
    const [error, length] = await client.executeAsync<[unknown, number]>(`
      const error = await tools.large({ sizeBytes: ${limitBytes + 1} }).catch(({ code, data }) => ({ code, data }))
      return [error, (await tools.large({ sizeBytes: ${limitBytes} })).length]`)
    expect(error).toEqual({ code: 'TOOL_OUTPUT_TOO_LARGE', data: { sizeBytes: limitBytes + 1, limitBytes } })
    expect(length).toBe(limitBytes - 2)
  })

  test(`tool inputs and outputs are bounded in total over the ${transport} transport`, { tags: ['EX-8'] }, async () => {
    await using client = connect(suite.executor, { ...config, tools: { large: () => 'x'.repeat(4 * 1024 * 1024 - 2) } })
    const result = await client.run('for (;;) await tools.large({})', { cpuTimeoutMs: 10_000 })
    expect(result).toMatchObject({
      success: false,
      error: { code: 'JOURNAL_TOO_LARGE', details: { limitBytes: 16 * 1024 * 1024 } },
    })
  })
})

test(
  'maxToolCalls of an execution overrides that of the client, up to the maximum of the key',
  { tags: ['EX-8'] },
  async () => {
    await using client = connect(suite.executor, { maxToolCalls: 2, tools: { count: () => 1 } })
    const code = 'let n = 0; for (; n < 3; n++) await tools.count(); return n'
    const failed = await client.run(code)
    const details = { limit: 2, option: 'maxToolCalls' }
    const message = expect.stringContaining('2 tool calls, which is the limit (maxToolCalls)') as string
    expect(failed).toMatchObject({ success: false, error: { code: 'TOO_MANY_TOOL_CALLS', details, message } })
    expect(await client.executeAsync(code, { maxToolCalls: 3 })).toBe(3)
    expect(await client.executeAsync('0', { maxToolCalls: 0 })).toBe(0)
    await expect(client.executeAsync(code, { maxToolCalls: 10_001 })).rejects.toThrow(
      'limits.maxToolCalls is 10001; the maximum of this API key is 10000',
    )
  },
)

test('a request may set its number of tool calls, down to none', { tags: ['EX-8'] }, async () => {
  const request = { code: 'await tools.weather({})', tools: [{ name: 'weather' }], limits: { maxToolCalls: 0 } }
  const { body } = await api(suite.executor, '/v1/executions', {
    body: request,
    headers: { accept: 'text/event-stream' },
  })
  expect(body).toContain('"code":"TOO_MANY_TOOL_CALLS"')
  expect(body).not.toContain('event: tool.called')
})
