import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { connect, toolLatch, transports } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

const durable = true

describe.each(testStores.slice(0, 1))('over the $store store', ({ open }) => {
  let store: TestStore
  let one: DurableExecutor
  let two: DurableExecutor

  beforeAll(async () => {
    store = await open()
    one = await startDurableExecutor(store)
    two = await startDurableExecutor(store)
  })
  afterAll(async () => {
    await Promise.all([one, two].map((node) => node.close({ drainMs: 0 })))
    await store[Symbol.asyncDispose]()
  })

  test('a session outlives its client, and any client of any node goes on with it', { tags: ['SE-1'] }, async () => {
    const first = connect(one)
    const session = await first.session({ durable, context: { user: 'u1' }, label: 'chat' })
    expect(session).toMatchObject({ isNew: true, isDurable: true })
    expect(await session.run('let n = 1; const add = (x) => (n += x); add(1)')).toBe(2)
    await first.close()
    await using second = connect(two)
    const same = await second.session({ id: session.id })
    expect(same).toMatchObject({ isNew: false, isDurable: true })
    expect(await same.run('add(40)')).toBe(42)
    expect(await same.run('[n, context.user]')).toEqual([42, 'u1'])
    const record = await same.record()
    expect(record).toMatchObject({ durable: true, label: 'chat', steps: 3, pendingSteps: 0 })
    expect(record.variables).toEqual([
      { name: 'n', kind: 'let' },
      { name: 'add', kind: 'const' },
    ])
    expect(record.stepList.map(({ number, status, stateKept }) => [number, status, stateKept])).toEqual([
      [1, 'completed', true],
      [2, 'completed', true],
      [3, 'completed', true],
    ])
    await same.close()
    await expect(second.session({ id: session.id })).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  })

  describe.each(transports)('over the $transport transport', ({ config }) => {
    test('all steps are queued at once, and run in order', { tags: ['SE-2', 'SE-5'] }, async () => {
      const { enter, arrived, open: openLatch } = toolLatch()
      await using codemode = connect(one, { ...config, tools: { enter } })
      await using session = await codemode.session({ durable })
      const first = await session.addStep('let log = [await tools.enter({})]')
      const second = await session.addStep('log.push("second"); throw new Error("no")')
      const third = await session.addStep<unknown[]>('log.push("third"); log')
      await arrived()
      expect(session.getTaskStatus(third.id).status).toBe('queued')
      openLatch()
      const results = await session.waitForAllTasks()
      expect(results.map(({ success }) => success)).toEqual([true, false, true])
      expect(results[2]).toMatchObject({ result: [{}, 'second', 'third'] })
      expect((await second.record()).session).toEqual({ id: session.id, step: 2, stateKept: true })
      expect(session.getTaskStatus(first.id).status).toBe('completed')
    })
  })
})
