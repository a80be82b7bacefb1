import { describe, expect, test } from 'vitest'

import type { ExecutionResult } from '@codemode/client'
import { connect, startBusyLoops, startExecutor, toolLatch, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

test.each([
  ['a loop', 'for (;;);'],
  ['a loop after an await', 'await sleep(1)\nfor (;;);'],
  ['microtasks without end', 'for (;;) await null'],
  ['a loop that catches every error', 'for (;;) try { for (;;); } catch {} finally { for (;;); }'],
  ['a regular expression', '/^(a+)+$/.test("a".repeat(50) + "b")'],
])('the CPU clock stops %s', { tags: ['RT-3'] }, async (_what, code) => {
  const result = await suite.codemode.run(code, { cpuTimeoutMs: 300 })
  expect(result).toMatchObject({
    success: false,
    error: { code: 'CPU_TIMEOUT', details: { layer: 'cpu', timeoutMs: 300, option: 'cpuTimeoutMs' } },
  })
  expect(result.usage.cpuMs).toBeGreaterThanOrEqual(300)
})

test(
  'the message of the CPU clock has the CPU time that was used, the limit and what to do',
  { tags: ['RT-3'] },
  async () => {
    const { usage, ...result } = await suite.codemode.run('for (;;);', { cpuTimeoutMs: 50 })
    const usedMs = Math.round(usage.cpuMs)
    expect(usedMs).toBeGreaterThanOrEqual(50)
    expect(result).toMatchObject({
      error: {
        message: `The code used ${usedMs} ms of CPU time; the limit is 50 ms (cpuTimeoutMs). Compute less in one execution, or raise cpuTimeoutMs.`,
        details: { usedMs },
      },
    })
  },
)

test('the result keeps the logs from before the CPU clock fired', { tags: ['RT-3'] }, async () => {
  const result = await suite.codemode.run('console.log("before")\nfor (;;);', { cpuTimeoutMs: 200 })
  expect(result).toMatchObject({ error: { code: 'CPU_TIMEOUT' }, logs: [{ text: 'before' }] })
})

test('the error of the CPU clock has its layer, its value and its option', { tags: ['RT-3'] }, async () => {
  await expect(suite.codemode.executeAsync('for (;;);', { cpuTimeoutMs: 100 })).rejects.toMatchObject({
    name: 'ExecutorTimeoutError',
    code: 'CPU_TIMEOUT',
    layer: 'cpu',
    timeoutMs: 100,
    option: 'cpuTimeoutMs',
    suggestion: expect.stringContaining('cpuTimeoutMs'),
  })
})

test(
  'a builtin that cannot be interrupted is killed with its process, and affects no other execution',
  { tags: ['RT-3', 'EX-2'] },
  async () => {
    await using narrow = await startExecutor({ sandboxProcesses: 1, maxSandboxProcesses: 1 })
    const { enter, arrived, open } = toolLatch()
    let calls = 0
    await using client = connect(narrow, { tools: { enter, count: () => (calls += 1) } })
    const neighbours = Promise.all(
      Array.from({ length: 5 }, (_, input) =>
        client.run('const seed = Math.random()\nawait tools.count({})\nawait tools.enter({})\nreturn [input, seed]', {
          input,
        }),
      ),
    )
    await arrived(5)
    const options = { cpuTimeoutMs: 200, memoryLimitMb: 512 }
    const killed = client.run('const a = Array(1e9)\nfor (;;) a.fill(0)', options)
    const { usage, ...outcome } = await killed
    expect(outcome).toMatchObject({ success: false, error: { code: 'CPU_TIMEOUT' } })
    expect(usage.cpuMs).toBeGreaterThanOrEqual(200)
    open()
    for (const [index, result] of (await neighbours).entries()) {
      expect(result).toMatchObject({ success: true, result: [index, expect.any(Number)] })
      expect(result.usage.replays).toBeGreaterThanOrEqual(1)
    }
    expect(calls).toBe(5)
    expect(await client.executeAsync('return 1')).toBe(1)
  },
)

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('the CPU time excludes waiting', { tags: ['RT-3'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(suite.executor, { ...config, tools: { enter } })
    const result = client.run('await sleep(400)\nawait tools.enter({})\nreturn 1', { cpuTimeoutMs: 200 })
    await arrived()
    open()
    expect(await result).toMatchObject({ success: true, result: 1 })
    const { usage } = await result
    expect(usage.wallMs).toBeGreaterThanOrEqual(400)
    // The sleep ends 400 ms after it was called; until the turn has ended, the execution does not wait yet.
    expect(usage.waitMs).toBeGreaterThan(0)
    expect(usage.waitMs).toBeLessThanOrEqual(usage.wallMs)
  })

  test('the CPU time includes all turns', { tags: ['RT-3'] }, async () => {
    await using client = connect(suite.executor, { ...config, tools: { one: () => 1 } })
    const result = await client.run(
      `const spin = (n) => { let x = 0; for (let i = 0; i < n; i++) x = (x * 31 + i) % 1000003; return x }
       for (;;) { spin(2e6); await tools.one({}) }`,
      { cpuTimeoutMs: 300 },
    )
    expect(result).toMatchObject({ success: false, error: { code: 'CPU_TIMEOUT' } })
    expect(result.usage.turns).toBeGreaterThan(1)
    expect(result.usage.cpuMs).toBeGreaterThanOrEqual(300)
  })
})

test('the error of a busy guest whose wall clock fires first names that clock', { tags: ['RT-3'] }, async () => {
  const options = { executionTimeoutMs: 300, cpuTimeoutMs: 300 }
  const result = await suite.codemode.run('await sleep(200)\nfor (;;);', options)
  expect(result).toMatchObject({
    success: false,
    error: { code: 'EXECUTION_TIMEOUT', details: { layer: 'execution', timeoutMs: 300, option: 'executionTimeoutMs' } },
  })
})

describe('on a busy machine', () => {
  const code = 'let n = 0; for (let i = 0; i < 3e7; i++) n += i % 7; return n'
  const executionTimeoutMs = 100_000

  /**
   * Expects that the code succeeds with twice the CPU time that it needs alone. A shared machine may be less than half as fast
   * as just before: the code is then measured again if it used up its CPU time.
   */
  async function expectSuccess(run: (cpuTimeoutMs: number) => Promise<ExecutionResult>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const alone = await suite.codemode.run(code, { executionTimeoutMs })
      const cpuTimeoutMs = Math.ceil(alone.usage.cpuMs * 2)
      const result = await run(cpuTimeoutMs)
      if (!result.success && result.usage.cpuMs >= cpuTimeoutMs && attempt < 5) continue
      return expect(result).toMatchObject({ success: true })
    }
  }

  test(
    'code within its CPU time is not timed out beside other code on more processes than cores',
    { tags: ['RT-3'] },
    async () => {
      await expectSuccess(async (cpuTimeoutMs) => {
        const busy = Array.from({ length: 4 }, () =>
          suite.codemode.run('for (;;);', { cpuTimeoutMs: 200, executionTimeoutMs }),
        )
        const result = await suite.codemode.run(code, { cpuTimeoutMs, executionTimeoutMs })
        for (const { usage, ...each } of await Promise.all(busy)) {
          expect(each).toMatchObject({ error: { code: 'CPU_TIMEOUT' } })
          expect(usage.cpuMs).toBeGreaterThanOrEqual(200)
        }
        return result
      })
    },
  )

  test(
    'code within its CPU time ends beside other processes, and code that exceeds it is timed out',
    { tags: ['RT-3'] },
    async () => {
      await using _busy = await startBusyLoops(4)
      await expectSuccess((cpuTimeoutMs) => suite.codemode.run(code, { cpuTimeoutMs, executionTimeoutMs }))
      for (const loop of ['for (;;);', 'for (;;) { for (let i = 0; i < 1e6; i++); await sleep(1) }']) {
        const { usage, ...result } = await suite.codemode.run(loop, { cpuTimeoutMs: 60, executionTimeoutMs })
        expect(result).toMatchObject({ error: { code: 'CPU_TIMEOUT' } })
        expect(usage.cpuMs).toBeGreaterThanOrEqual(60)
      }
    },
  )

  test('the wall clock ends code that the machine gives too little CPU time', { tags: ['RT-3'] }, async () => {
    await using _busy = await startBusyLoops(4)
    const { usage, ...result } = await suite.codemode.run('await sleep(50)\nfor (;;);', {
      executionTimeoutMs: 400,
      cpuTimeoutMs: 400,
    })
    expect(result).toMatchObject({ success: false, error: { code: 'EXECUTION_TIMEOUT' } })
    expect(usage.cpuMs).toBeLessThan(400)
  })
})
