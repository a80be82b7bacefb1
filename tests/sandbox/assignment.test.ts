/** Tests which executions share a sandbox process, and for how long. */
import { describe, expect, test } from 'vitest'

import type { ClientConfig } from '@codemode/client'

import {
  connect,
  keyOf,
  killIfAlive,
  sandboxProcesses,
  startExecutor,
  toolLatch,
  writeKeysFile,
} from '@codemode/testkit'

/** Starts an executor with a key for each tenant; `clientOf` creates clients with them. */
async function startFor(tenants: Record<string, object>, config: Parameters<typeof startExecutor>[0] = {}) {
  const keys = await writeKeysFile(tenants)
  const executor = await startExecutor({ ...keys.config, ...config })
  return {
    executor,
    clientOf: (tenant: string, options: Partial<ClientConfig> = {}) =>
      connect(executor, { executorApiKey: keyOf(tenant), ...options }),
    async [Symbol.asyncDispose]() {
      await executor.close({ drainMs: 0 })
      await keys[Symbol.asyncDispose]()
    },
  }
}

/** Resolves when exactly `count` sandbox processes are alive. */
const untilAlive = (count: number) => expect.poll(() => sandboxProcesses().length).toBe(count)

test('a process that has served one tenant ends before another gets its place', { tags: ['SA-1'] }, async () => {
  const tenants = ['a', 'b', 'c', 'd']
  await using started = await startFor(Object.fromEntries(tenants.map((tenant) => [tenant, {}])), {
    sandboxProcesses: 1,
    maxSandboxProcesses: 2,
  })
  const everyProcess = new Set<number>()
  for (const tenant of [...tenants, ...tenants]) {
    await using client = started.clientOf(tenant)
    expect(await client.executeAsync('return input * 2', { input: 21 })).toBe(42)
    for (const pid of sandboxProcesses()) everyProcess.add(pid)
    expect(sandboxProcesses().length).toBeLessThanOrEqual(2)
  }
  // Eight changes of tenant with two places need at least one process each.
  expect(everyProcess.size).toBeGreaterThanOrEqual(tenants.length * 2)
})

test(
  'all active tenants make progress, however small the maximum number of sandbox processes is',
  { tags: ['SA-1'] },
  async () => {
    const tenants = ['a', 'b', 'c', 'd']
    await using started = await startFor(Object.fromEntries(tenants.map((tenant) => [tenant, {}])), {
      sandboxProcesses: 1,
      maxSandboxProcesses: 2,
    })
    const code = 'let sum = 0; for (let i = 0; i < 60; i++) sum += await tools.next(i); return sum'
    const runs = await Promise.all(
      tenants.map(async (tenant) => {
        await using client = started.clientOf(tenant, { tools: { next: (i: unknown) => Number(i) + 1 } })
        return await client.run(code)
      }),
    )
    expect(runs.map((result) => result.success && result.result)).toEqual(tenants.map(() => 1_830))
  },
)

test(
  'waiting executions are evicted when another tenant needs their process, and later continue with the same values',
  { tags: ['SA-1'] },
  async () => {
    await using started = await startFor({ a: {}, b: {}, c: {} }, { sandboxProcesses: 1, maxSandboxProcesses: 1 })
    const { enter, arrived, open } = toolLatch()
    await using a = started.clientOf('a', { tools: { enter } })
    const waiting = Array.from({ length: 5 }, (_, i) =>
      a.run(
        'const before = Math.random(); const held = await tools.enter([input, before]); return [held[0], held[1] === before]',
        {
          input: i,
        },
      ),
    )
    await arrived(5)
    for (const tenant of ['b', 'c', 'b', 'c']) {
      await using client = started.clientOf(tenant)
      expect(await client.executeAsync('return 1')).toBe(1)
    }
    open()
    for (const [i, result] of (await Promise.all(waiting)).entries()) {
      expect(result).toMatchObject({ success: true, result: [i, true], usage: { replays: 1 } })
    }
  },
)

describe.each([
  { how: "by the key's isolation", tenants: { a: { isolation: 'execution' } }, config: {} },
  { how: "by the executor's isolation", tenants: { a: {} }, config: { isolation: 'execution' as const } },
])('$how', ({ tenants, config }) => {
  test('every execution has its own process, which ends with it', { tags: ['SA-2'] }, async () => {
    await using started = await startFor(tenants, { sandboxProcesses: 2, ...config })
    await untilAlive(3)
    const { enter, arrived, open } = toolLatch()
    await using client = started.clientOf('a', { tools: { enter } })
    const running = Array.from({ length: 4 }, (_, i) =>
      client.executeAsync('return await tools.enter(input)', { input: i }),
    )
    await arrived(4)
    await untilAlive(5)
    open()
    expect(await Promise.all(running)).toEqual([0, 1, 2, 3])
    await untilAlive(1)
  })
})

test('a process is replaced after recycleAfter executions, without replays', { tags: ['SA-3'] }, async () => {
  await using executor = await startExecutor({ sandboxProcesses: 1, recycleAfter: 10 })
  await using codemode = connect(executor)
  const seen = new Set<number>()
  for (let i = 0; i < 45; i++) {
    expect(await codemode.run('return input', { input: i })).toMatchObject({
      success: true,
      result: i,
      usage: { replays: 0 },
    })
    for (const pid of sandboxProcesses()) seen.add(pid)
  }
  expect(seen.size).toBeGreaterThanOrEqual(5)
})

test(
  'a process in which a guest ran out of memory gets no further guest, and its waiting guests continue',
  { tags: ['SA-3'] },
  async () => {
    await using executor = await startExecutor({ sandboxProcesses: 1 })
    const { enter, arrived, open } = toolLatch()
    await using codemode = connect(executor, { tools: { enter } })
    const waiting = codemode.run('return await tools.enter(input)', { input: 7 })
    await arrived()
    const culprit = await codemode.run('const all = []; for (;;) all.push({ all })', {
      memoryLimitMb: 16,
      cpuTimeoutMs: 30_000,
    })
    expect(culprit).toMatchObject({ error: { code: 'MEMORY_LIMIT' } })
    // The process of both is stopped, so executions that end run in another one.
    const home = sandboxProcesses().toSorted((one, other) => one - other)[0]!
    killIfAlive(home, 'SIGSTOP')
    for (let i = 0; i < 5; i++) expect(await codemode.executeAsync('return 1')).toBe(1)
    killIfAlive(home, 'SIGCONT')
    open()
    expect(await waiting).toMatchObject({ success: true, result: 7, usage: { replays: 0 } })
  },
)

test(
  'a tenant whose code keeps crashing processes is throttled with an error, another tenant is not',
  { tags: ['SA-4'] },
  async () => {
    await using started = await startFor({ bad: {}, good: {} })
    await using bad = started.clientOf('bad', { retry: { maxAttempts: 1 } })
    await using good = started.clientOf('good')
    // The throttle forgets faults over time, so the test causes several at once, to reach the limit on a slow machine, too.
    const crash = () => bad.run('Array.from({ length: 2 ** 28 })', { memoryLimitMb: 16 })
    const outcomes: PromiseSettledResult<{ success: boolean }>[] = []
    const refusalOf = (): unknown => {
      const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as object] : []))
      return errors.find((error) => 'code' in error && error.code === 'RATE_LIMITED')
    }
    for (let wave = 0; wave < 5 && refusalOf() === undefined; wave++) {
      outcomes.push(...(await Promise.allSettled(Array.from({ length: 6 }, crash))))
    }
    expect(outcomes.some((outcome) => outcome.status === 'fulfilled' && outcome.value.success)).toBe(false)
    expect(refusalOf()).toMatchObject({
      code: 'RATE_LIMITED',
      httpStatus: 429,
      message: expect.stringContaining('crashed sandbox processes, or made the executor end them'),
    })
    expect(await good.executeAsync('return 1')).toBe(1)
  },
)
