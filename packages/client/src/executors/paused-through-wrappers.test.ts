import { expect, test } from 'vitest'

import type { Executor } from '../executor.ts'
import { MockExecutor } from './mock-executor.ts'
import { withCache } from './with-cache.ts'
import { withDegradation } from './with-degradation.ts'
import { withFailover } from './with-failover.ts'
import { withFallback } from './with-fallback.ts'

const options = { callTool: async () => ({ ok: true as const, output: null }) }
const id = 'exe_00000000-0000-7000-8000-00000000000a'
const pausing = () => new MockExecutor({ responses: [{ code: 'x', paused: [{ tool: 'pay' }] }] })
const other = new MockExecutor({ defaultResult: 'the other one' })

test.each([
  ['withDegradation', (inner: Executor) => withDegradation(inner, { result: 'degraded' })],
  ['withFallback', (inner: Executor) => withFallback(inner, other)],
  ['withFailover', (inner: Executor) => withFailover([inner, other])],
  ['withCache', (inner: Executor) => withCache(inner)],
])('%s passes a paused execution on, as it is', async (_, wrap) => {
  const inner = pausing()
  const executor = wrap(inner)
  expect(await executor.run({ code: 'x', id }, options)).toMatchObject({
    status: 'paused',
    source: 'executor',
    executionId: id,
    approvals: [{ executionId: id, tool: 'pay' }],
  })
  expect(other.calls).toEqual([])
})

test('withCache caches no paused execution, and one that was joined keeps the id by which it is resumed', async () => {
  const inner = pausing()
  const executor = withCache(inner)
  const events: string[] = []
  const onEvent = ({ type }: { type: string }) => void events.push(type)
  const [first, joined] = await Promise.all([
    executor.run({ code: 'x', id }, options),
    executor.run({ code: 'x' }, { ...options, onEvent, correlationId: 'my-correlation-id' }),
  ])
  expect([first, joined]).toMatchObject([{ executionId: id }, { executionId: id, correlationId: 'my-correlation-id' }])
  expect(events).toEqual(['started', 'paused'])
  await executor.run({ code: 'x' }, options)
  expect(inner.calls).toHaveLength(2)
})
