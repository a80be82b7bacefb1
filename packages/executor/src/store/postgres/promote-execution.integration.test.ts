import { expect, test } from 'vitest'

import { answer, newExecution, startStore, useServer } from './postgres-store.test-support.ts'

const servers = useServer()

test('an attached execution is stored as a detached one once, and only as itself', async () => {
  await using store = await startStore(await servers.createDatabase())
  const { facts, header } = newExecution()
  const entries = [answer(1)]
  const requested = { call: 1, tool: 'pay', input: '{}', inputHash: 'hash', requestedAt: Date.now() }
  const promotion = { execution: { facts, header }, entries, requested: [requested], epoch: 1, startedAt: Date.now() }
  expect([await store.promote(promotion), await store.promote(promotion)]).toEqual([true, true])
  const createdAt = new Date(Date.parse(header.createdAt) + 1).toISOString()
  const repeat = { ...promotion, execution: { facts, header: { ...header, createdAt } } }
  expect(await store.promote(repeat)).toBe(false)

  const ended = newExecution()
  const end = { status: 'completed', finishedAt: Date.now() } as const
  await store.record([{ facts: ended.facts, journal: { header: ended.header, entries }, end }])
  expect(await store.promote({ ...promotion, execution: ended })).toBe(false)
})
