import process, { env } from 'node:process'

import { afterEach, describe, expect, onTestFinished, test } from 'vitest'

import type { ClientEvents, Codemode, Logger } from '@codemode/client'

import { apiKey, connect, startProxy, toolLatch, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

const names = ['start', 'retry', 'tool', 'log', 'settle'] as const

/** Records the events that a client emits, in order. */
function listen(client: Codemode): { name: keyof ClientEvents; event: ClientEvents[keyof ClientEvents] }[] {
  const seen: ReturnType<typeof listen> = []
  for (const name of names) client.on(name, (event) => seen.push({ name, event }))
  return seen
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test(
    'listeners receive the start, each tool call, each log and the end, with the ids of the execution',
    { tags: ['CL-3'] },
    async () => {
      const tools = {
        add: ({ a, b }: { a: number; b: number }) => a + b,
        fail: () => {
          throw Object.assign(new Error('no such row'), { code: 'NO_ROW' })
        },
      }
      await using client = connect(suite.executor, { ...config, tools })
      const seen = listen(client)
      const code = 'console.warn("hi"); await tools.fail().catch(() => {}); return tools.add({ a: 1, b: 2 })'
      expect(await client.executeAsync(code, { label: 'sum', correlationId: 'a-correlation-id-of-mine' })).toBe(3)
      expect(seen.map(({ name }) => name)).toEqual(['start', 'log', 'tool', 'tool', 'settle'])
      const ids = { executionId: seen[0]!.event.executionId, correlationId: 'a-correlation-id-of-mine' }
      for (const { event } of seen) expect(event).toMatchObject(ids)
      expect(seen[1]!.event).toMatchObject({ level: 'warn', text: 'hi' })
      expect(seen[2]!.event).toMatchObject({ tool: 'fail', error: { code: 'NO_ROW', message: 'no such row' } })
      expect(seen[3]!.event).toMatchObject({ tool: 'add', callId: `${ids.executionId}:2`, error: undefined })
      expect(seen[4]!.event).toMatchObject({ status: 'completed', label: 'sum', source: 'executor', error: undefined })
    },
  )

  test('a listener receives a log while the code still runs', { tags: ['CL-3'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(suite.executor, { ...config, tools: { enter } })
    const heard = Promise.withResolvers<string>()
    client.on('log', ({ text }) => heard.resolve(text))
    const running = client.executeAsync('console.log("half way"); return tools.enter()')
    await arrived()
    expect(await heard.promise).toBe('half way')
    open()
    await running
  })

  test('activeExecutions returns handles of all executions that run, however started', { tags: ['CL-3'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(suite.executor, { ...config, tools: { enter } })
    const running = client.run('tools.enter(1)', { correlationId: 'the-first-of-the-two' })
    const submitted = await client.withContext({ a: 1 }).submit('tools.enter(2)')
    await arrived(2)
    const active = client.activeExecutions()
    expect(active).toHaveLength(2)
    expect(active[1]).toBe(submitted)
    expect(active[0]).toMatchObject({ correlationId: 'the-first-of-the-two', status: 'running' })
    await expect.poll(() => active.map(({ progress }) => progress.toolCalls)).toEqual([1, 1])
    await active[0]!.cancel('by its handle')
    expect(await running).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
    open()
    await submitted.wait()
    expect(client.activeExecutions()).toEqual([])
  })
})

test('stats counts arrivals, waiting and running executions and their outcomes', { tags: ['CL-3'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  await using client = connect(suite.executor, { concurrency: 2, tools: { enter } })
  expect(client.stats()).toEqual({
    total: 0,
    pending: 0,
    running: 0,
    successful: 0,
    failed: 0,
    cancelled: 0,
    paused: 0,
    averageMs: undefined,
    minMs: undefined,
    maxMs: undefined,
    concurrency: 2,
  })
  const controller = new AbortController()
  const all = [
    client.run('tools.enter()'),
    client.withContext({ a: 1 }).run('await tools.enter(); throw new Error("mine")'),
    client.run('return 1'),
    client.run('return 2', { signal: controller.signal }),
  ]
  await arrived(2)
  expect(client.stats()).toMatchObject({ total: 4, pending: 2, running: 2, successful: 0 })
  controller.abort()
  open()
  await Promise.allSettled(all)
  const stats = client.stats()
  expect(stats).toMatchObject({ total: 4, pending: 0, running: 0, successful: 2, failed: 1, cancelled: 1 })
  expect(stats.minMs).toBeLessThanOrEqual(stats.averageMs!)
  expect(stats.averageMs).toBeLessThanOrEqual(stats.maxMs!)
})

test('a retried request emits an event with its reason and delay', { tags: ['CL-3'] }, async () => {
  await using proxy = await startProxy(suite.executor, (_, number) => (number <= 2 ? { status: 503 } : 'pass'))
  await using client = connect(proxy, { executorApiKey: apiKey, retry: { backoffBaseMs: 1 } })
  const seen = listen(client)
  expect(await client.executeAsync('return 1')).toBe(1)
  expect(seen.map(({ name }) => name)).toEqual(['start', 'retry', 'retry', 'settle'])
  expect(seen[1]!.event).toMatchObject({ attempt: 1, error: { code: 'OVERLOADED', httpStatus: 503 } })
  expect(seen[2]!.event).toMatchObject({ attempt: 2, executionId: seen[0]!.event.executionId })
})

test('a failed request settles with its code', { tags: ['CL-3'] }, async () => {
  await using proxy = await startProxy(suite.executor, () => ({ status: 503 }))
  await using client = connect(proxy, { executorApiKey: apiKey, retry: false })
  const seen = listen(client)
  await expect(client.executeAsync('return 1')).rejects.toMatchObject({ code: 'OVERLOADED' })
  expect(seen.at(-1)).toMatchObject({ name: 'settle', event: { status: 'failed', error: { code: 'OVERLOADED' } } })
  expect(client.stats()).toMatchObject({ failed: 1, running: 0 })
})

test(
  'a listener that throws affects no other listener, and a removed one receives no events',
  { tags: ['CL-3'] },
  async () => {
    await using client = connect(suite.executor)
    const warned = Promise.withResolvers<void>()
    const listener = (warning: Error) => {
      if (warning.message.includes('in the listener')) warned.resolve()
    }
    process.on('warning', listener)
    onTestFinished(() => void process.off('warning', listener))
    let heard = 0
    client.on('settle', () => {
      throw new Error('in the listener')
    })
    const off = client.on('settle', () => (heard += 1))
    expect(await client.executeAsync('return 1')).toBe(1)
    off()
    off()
    expect(await client.executeAsync('return 2')).toBe(2)
    expect(heard).toBe(1)
    await warned.promise
  },
)

test(
  'a listener of the start event finds the execution among the active ones and can cancel it',
  { tags: ['CL-3'] },
  async () => {
    await using client = connect(suite.executor)
    client.on('start', ({ executionId }) => {
      void client
        .activeExecutions()
        .find(({ id }) => id === executionId)!
        .cancel('not today')
    })
    expect(await client.run('await sleep(20_000)')).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
  },
)

test('on() refuses unknown events and listeners that are not functions', { tags: ['CL-3'] }, async () => {
  await using client = connect(suite.executor)
  expect(() => client.on('finish' as 'settle', () => {})).toThrow(/start, retry, tool, log, approval or settle/)
  expect(() => client.on('settle', undefined as never)).toThrow(/codemode\.on\('settle'/)
})

type Line = [level: string, message: string, fields: Readonly<Record<string, unknown>>]

function recorder(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = []
  const at = (level: string) => (message: string, fields: Readonly<Record<string, unknown>>) => {
    lines.push([level, message, fields])
  }
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

describe('a logger', { tags: ['CL-3'] }, () => {
  afterEach(() => {
    delete env['CODEMODE_LOG_LEVEL']
  })

  test('receives the ends of executions, failures as warnings', { tags: ['CL-3'] }, async () => {
    const { logger, lines } = recorder()
    await using client = connect(suite.executor, { logger })
    await client.run('return 1', { label: 'fine' })
    await client.run('throw new Error("mine")')
    expect(lines).toMatchObject([
      ['info', 'execution completed', { label: 'fine', status: 'completed' }],
      ['warn', 'execution failed', { error: { code: 'GUEST_ERROR', message: 'mine' } }],
    ])
  })

  test.each([
    ['debug', ['debug', 'debug', 'debug', 'info']],
    ['info', ['info']],
    ['warn', []],
    ['silent', []],
  ] as const)('receives at level %s the entries %o', { tags: ['CL-3'] }, async (logLevel, levels) => {
    const { logger, lines } = recorder()
    await using client = connect(suite.executor, { logger, logLevel, tools: { one: () => 1 } })
    await client.run('console.log("x"); return tools.one()')
    expect(lines.map(([level]) => level)).toEqual(levels)
  })

  test('uses the level of CODEMODE_LOG_LEVEL, unless the configuration sets one', { tags: ['CL-3'] }, async () => {
    env['CODEMODE_LOG_LEVEL'] = 'silent'
    const { logger, lines } = recorder()
    await using silent = connect(suite.executor, { logger })
    await silent.run('return 1')
    expect(lines).toEqual([])
    await using loud = connect(suite.executor, { logger, logLevel: 'info' })
    await loud.run('return 1')
    expect(lines).toHaveLength(1)
    env['CODEMODE_LOG_LEVEL'] = 'verbose'
    expect(() => connect(suite.executor)).toThrow(
      /CODEMODE_LOG_LEVEL: .*one of debug, info, .*CODEMODE_LOG_LEVEL=info/s,
    )
  })

  test('receives no secret of the client, wherever it occurs', { tags: ['CL-3', 'CL-5'] }, async () => {
    const { logger, lines } = recorder()
    const secret = 'a-secret-of-32-characters-or-more'
    const toolServer = { port: 0, secret }
    await using client = connect(suite.executor, { logger, logLevel: 'debug', toolServer })
    await client.run(`console.log(input); throw new Error(input)`, { input: `${apiKey} ${secret}`, label: apiKey })
    expect(lines.length).toBeGreaterThan(2)
    expect(JSON.stringify(lines)).not.toContain(apiKey)
    expect(JSON.stringify(lines)).not.toContain(secret)
    expect(JSON.stringify(lines)).toContain('[redacted] [redacted]')
  })
})
