import { describe, expect, test } from 'vitest'

import { tool, type ToolCall } from '@codemode/client'

import { aborted, api, toolLatch, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

/** Returns code that repeats a call until its handler has begun; on a busy machine a call can end before that. */
const untilBegun = (call: string) => `
  let error
  do error = await ${call}.catch((error) => error)
  while (!(await tools.begun().catch(() => false)))
  return { code: error.code, retryable: error.retryable, message: error.message }`

describe.each(transports)('over $transport', ({ config }) => {
  const suite = useCodemode({ client: config })

  test('32 of 40 parallel calls are in flight, and the others follow in order', { tags: ['TL-4'] }, async () => {
    const { codemode, executor } = suite
    const { enter, arrived, open } = toolLatch()
    let running = 0
    let most = 0
    const parallel = async (...args: Parameters<typeof enter>): Promise<unknown> => {
      most = Math.max(most, ++running)
      try {
        return await enter(...args)
      } finally {
        running -= 1
      }
    }
    codemode.registerTool('parallel', parallel)
    const code = 'return Promise.all(input.map((n) => tools.parallel(n)))'
    const execution = await codemode.submit(code, { input: numbers(40), availableTools: ['parallel'] })
    await arrived(32)
    const { body: record } = await api(executor, `/v1/executions/${execution.id}`)
    const statuses = record.toolCalls.map(({ status }: { status: string }) => status)
    expect(statuses).toEqual(numbers(40).map((n) => (n <= 32 ? 'running' : 'queued')))
    open()
    expect(await execution.wait()).toMatchObject({ success: true, result: numbers(40) })
    expect(most).toBe(32)
    const called: string[] = []
    for await (const event of execution.events()) if (event.type === 'tool.called') called.push(event.callId)
    expect(called).toEqual(numbers(40).map((n) => `${execution.id}:${n}`))
  })

  test('a call is answered as soon as possible, independently of the others', { tags: ['TL-4'] }, async () => {
    const { enter, open } = toolLatch()
    suite.codemode.registerTool('slow', enter)
    suite.codemode.registerTool('quick', (n) => n)
    suite.codemode.registerTool('release', open)
    const code = `
      const order = []
      const slow = tools.slow('slow').then((name) => order.push(name))
      order.push(await tools.quick('quick'))
      await tools.release()
      await slow
      return order`
    const options = { availableTools: ['slow', 'quick', 'release'] }
    expect(await suite.codemode.executeAsync(code, options)).toEqual(['quick', 'slow'])
  })

  test('a handler receives its execution id, and concurrent contexts never mix', { tags: ['TL-5'] }, async () => {
    const { codemode } = suite
    const calls = new Map<string, ToolCall>()
    codemode.registerTool('whose', (_input, call) => {
      calls.set(call.context['clientId'] as string, call)
      return call.context['clientId']
    })
    const clients = numbers(20).map((n) => `c${n}`)
    const seen = await Promise.all(
      clients.map((clientId) =>
        codemode.withContext({ clientId }).run('return [await tools.whose(), context.clientId]', {
          correlationId: `correlation-id-${clientId}`,
          toolTimeoutMs: 30_000,
        }),
      ),
    )
    for (const [i, clientId] of clients.entries()) {
      expect(seen[i]).toMatchObject({ success: true, result: [clientId, clientId] })
      const call = calls.get(clientId)!
      expect(call.executionId).toBe(seen[i]!.executionId)
      expect(call.callId).toBe(`${seen[i]!.executionId}:1`)
      expect(call.correlationId).toBe(`correlation-id-${clientId}`)
      expect(call.signal).toBeInstanceOf(AbortSignal)
      expect(call.deadline.getTime()).toBeGreaterThan(Date.now())
      expect(call.deadline.getTime()).toBeLessThanOrEqual(Date.now() + 30_000)
    }
  })

  test('code can forge neither its context nor the ids of a call', { tags: ['TL-5'] }, async () => {
    suite.codemode.registerTool('told', (input, { context, callId }) => ({ input, context, callId }))
    const code = `
      try { context.clientId = 'forged' } catch {}
      try { Object.defineProperty(context, 'clientId', { value: 'forged' }) } catch {}
      try { context.nested.role = 'admin' } catch {}
      globalThis.context = { clientId: 'forged' }
      return tools.told({ context: { clientId: 'forged' }, callId: 'exe_0:1', executionId: 'exe_0' })`
    const context = { clientId: 'real', nested: { role: 'user' } }
    const result = await suite.codemode.run<{ callId: string }>(code, { context, availableTools: ['told'] })
    expect(result).toMatchObject({
      success: true,
      result: {
        context,
        callId: `${result.executionId}:1`,
        input: { context: { clientId: 'forged' }, callId: 'exe_0:1', executionId: 'exe_0' },
      },
    })
  })

  test(
    'a handler that exceeds its time is aborted, and the code can catch that and continue',
    { tags: ['TL-5'] },
    async () => {
      const { codemode } = suite
      const { enter, signals } = toolLatch()
      codemode.registerTool('stuck', tool({ timeoutMs: 50, execute: enter }))
      codemode.registerTool('begun', () => signals.length > 0, { overwrite: true })
      const result = await codemode.run(untilBegun('tools.stuck()'), { availableTools: ['stuck', 'begun'] })
      expect(result).toMatchObject({
        success: true,
        result: { code: 'TOOL_TIMEOUT', retryable: true, message: expect.stringContaining('50 ms (timeoutMs)') },
      })
      expect(result.toolCalls[0]).toMatchObject({ tool: 'stuck', status: 'failed', errorCode: 'TOOL_TIMEOUT' })
      await aborted(signals[0]!)
    },
  )

  test('a toolTimeoutMs of the execution applies to its calls', { tags: ['TL-5'] }, async () => {
    const { codemode } = suite
    const { enter, signals } = toolLatch()
    codemode.registerTool('late', enter)
    codemode.registerTool('begun', () => signals.length > 0, { overwrite: true })
    const options = { availableTools: ['late', 'begun'], toolTimeoutMs: 40 }
    expect(await codemode.executeAsync(untilBegun('tools.late()'), options)).toEqual({
      code: 'TOOL_TIMEOUT',
      retryable: true,
      message: expect.stringContaining('40 ms (toolTimeoutMs)'),
    })
    await aborted(signals[0]!)
  })

  test('cancelling an execution aborts the handlers of its open calls', { tags: ['EX-9', 'TL-5'] }, async () => {
    const { codemode } = suite
    const { enter, arrived, signals } = toolLatch()
    codemode.registerTool('held', enter)
    const controller = new AbortController()
    const options = { availableTools: ['held'], signal: controller.signal }
    const running = codemode.executeAsync('return Promise.all([tools.held(1), tools.held(2)])', options)
    await arrived(2)
    controller.abort()
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    await Promise.all(signals.map(aborted))
  })

  test(
    'a call that the code does not await is cancelled at its end, and a warning names the tool',
    { tags: ['TL-5'] },
    async () => {
      const { codemode } = suite
      const { enter, arrived, signals } = toolLatch()
      codemode.registerTool('forgotten', enter)
      codemode.registerTool('awaited', async () => {
        await arrived()
        return 1
      })
      const code = 'tools.forgotten(); return tools.awaited()'
      const result = await codemode.run(code, { availableTools: ['forgotten', 'awaited'] })
      expect(result).toMatchObject({
        success: true,
        result: 1,
        toolCalls: [
          { tool: 'forgotten', status: 'cancelled' },
          { tool: 'awaited', status: 'completed' },
        ],
        warnings: [{ code: 'CALL_NOT_AWAITED', tool: 'forgotten', line: 1, callId: `${result.executionId}:1` }],
      })
      await aborted(signals[0]!)
    },
  )
})
