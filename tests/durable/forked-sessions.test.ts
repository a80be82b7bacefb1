// Forks of durable sessions: each has exactly the state after its step, and none changes another session.
import { seededRandom, connect } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { startDurableExecutor } from '../support/durable-executor.ts'
import { isSoak, seedOf } from '../support/seed.ts'
import { openPostgresStore } from '../support/test-stores.ts'
import { expectedOf, firstStep, randomStep } from './random-steps.ts'

const sizes = isSoak ? { sessions: 20, steps: 20 } : { sessions: 1, steps: 6 }
const state = '[count, list, seen]'

test(
  'a fork at any step has exactly the state after it, is independent, and outlives the session that it was made from',
  { tags: ['SE-6'] },
  async ({ annotate }) => {
    const seed = seedOf(4)
    await annotate(`CODEMODE_FUZZ_SEED=${seed}`)
    const random = seededRandom(seed)
    await using store = await openPostgresStore()
    await using one = await startDurableExecutor(store)
    await using two = await startDurableExecutor(store)
    const tools = {
      step: (input: { fails?: boolean }) => (input.fails === true ? Promise.reject(new Error('by chance')) : input),
    }
    await using first = connect(one, { tools: tools as never })
    await using second = connect(two, { tools: tools as never })
    for (let n = 0; n < sizes.sessions; n++) {
      const session = await first.session({ durable: true })
      const steps = Array.from({ length: sizes.steps }, (_, index) => randomStep(index + 1, random))
      for (const code of [firstStep, ...steps.map((step) => step.code)]) void session.addStep(code)
      const [, ...results] = await session.waitForAllTasks()
      expect(expectedOf(steps, results).wrong).toEqual([])
      const [, , seen] = await session.run<unknown[]>(state)

      const empty = await session.fork({ atStep: 0 })
      expect(await empty.run('typeof count')).toBe('undefined')
      const forks = await Promise.all(
        Array.from({ length: sizes.steps + 1 }, async (_, index) => {
          const fork = await second.session({ id: (await session.fork({ atStep: index + 1 })).id })
          const { list } = expectedOf(steps.slice(0, index), results)
          const own = [...list, 1_000 + index]
          expect(await fork.run(`count += 100; list.push(${1_000 + index}); ${state}`)).toEqual([
            list.length + 100,
            own,
            seen,
          ])
          return { fork, expected: [list.length + 100, own, seen] }
        }),
      )
      const { list } = expectedOf(steps, results)
      expect(await session.run(state)).toEqual([list.length, list, seen])
      await session.close()
      for (const { fork, expected } of forks) {
        expect(await fork.run(state)).toEqual(expected)
        // The guest of a new session is made from the journals.
        const branch = await fork.fork()
        expect(await branch.run(state)).toEqual(expected)
        await branch.close()
        await fork.close()
      }
      await empty.close()
    }
  },
)
