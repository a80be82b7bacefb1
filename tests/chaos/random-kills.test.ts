import { describe, expect, test } from 'vitest'

import type { ExecutionEvent } from '@codemode/shared'
import type { ExecutionResult } from '@codemode/client'

import { connect, RandomKills, startExecutor, transports } from '@codemode/testkit'
import { inJournalOrder } from '../support/event-order.ts'
import { isSoak, repeatedInSoak, seedOf } from '../support/seed.ts'

const executions = isSoak ? 200 : 100
const callsEach = 3
const kills = isSoak ? 20 : 10

/**
 * Guest code with one call and then two at once; its random values show whether a guest that was rebuilt by replay is
 * the same.
 */
const code = `
  const made = [Math.random(), crypto.randomUUID(), Date.now()]
  console.log('begins', ...made)
  const first = await tools.step({ part: 1, made })
  console.log('between', first.part)
  const rest = await Promise.all([tools.step({ part: 2, made }), tools.step({ part: 3, made })])
  console.log('ends', ...made)
  return [input, first, ...rest].every((x) => x === input || JSON.stringify(x.made) === JSON.stringify(made))
    && [input, first.part, ...rest.map(({ part }) => part)]`

describe.each(transports)('over $transport', ({ config }) => {
  test(
    'executions in flight give their results despite kills of random sandbox processes',
    repeatedInSoak,
    async ({ annotate }) => {
      const seed = seedOf(11)
      await annotate(`CODEMODE_FUZZ_SEED=${seed}: ${executions} executions, ${kills} kills`)
      await using executor = await startExecutor()
      const chaos = new RandomKills({ kills, every: Math.floor((executions * callsEach) / (kills + 1)), seed })
      const runs = new Map<string, number>()
      await using codemode = connect(executor, {
        ...config,
        tools: {
          step: (input, { callId }) => {
            runs.set(callId, (runs.get(callId) ?? 0) + 1)
            chaos.progressed()
            return input
          },
        },
      })
      const outcomes = await Promise.all(
        Array.from({ length: executions }, async (_, number) => {
          const execution = await codemode.submit(code, { input: number })
          const [events, result] = await Promise.all([allOf(execution.events()), execution.wait()])
          return { number, events, result }
        }),
      )

      expect(chaos.kills).toBe(kills)
      expect(outcomes.filter(({ result }) => !result.success).map(({ result }) => result)).toEqual([])
      expect([...runs.values()]).toEqual(Array.from({ length: executions * callsEach }, () => 1))
      for (const { number, events, result } of outcomes) {
        expect(result).toMatchObject({ success: true, result: [number, 1, 2, 3] })
        expect(result.logs.map(({ text }) => text.split(' ')[0])).toEqual(['begins', 'between', 'ends'])
        expectWholeStream(events, result)
      }
      const replays = outcomes.reduce((sum, { result }) => sum + result.usage.replays, 0)
      expect(replays).toBeGreaterThan(0)
    },
  )
})

async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Expects every event once, in order, and in agreement with the result. */
function expectWholeStream(events: readonly ExecutionEvent[], result: ExecutionResult): void {
  const ids = events.map(({ id }) => id)
  expect(ids).toEqual([...new Set(ids)].toSorted(inJournalOrder))
  const called = events.filter((event) => event.type === 'tool.called').map(({ callId }) => callId)
  const settled = events.filter((event) => event.type === 'tool.settled').map(({ callId }) => callId)
  const expected = Array.from({ length: callsEach }, (_, i) => `${result.executionId}:${i + 1}`)
  expect(called).toEqual(expected)
  expect(settled.toSorted()).toEqual(expected)
  expect(events.filter((event) => event.type === 'log').map(({ text }) => text)).toEqual(
    result.logs.map(({ text }) => text),
  )
  expect(events.filter(({ type }) => type === 'started' || type === 'finished').map(({ type }) => type)).toEqual([
    'started',
    'finished',
  ])
  expect(events.at(-1)).toMatchObject({ type: 'finished' })
}
