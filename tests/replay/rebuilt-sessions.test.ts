import { seededRandom } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { ProcessPool } from '../../packages/executor/src/sandbox/process-pool.ts'
import { isSoak, seedOf } from '../support/seed.ts'
import { ProcessSession, type RandomStep } from './process-session.ts'
import { statements } from './random-sessions.ts'

const stepCount = isSoak ? 20 : 6
/** Sessions whose state after a step is rebuilt in the same fresh process. */
const batchSize = isSoak ? 25 : 10
const batches = Array.from({ length: isSoak ? 20 : 1 }, (_, n) => n + 1)

const stops = ['for (;;);', 'try { new ArrayBuffer(2 ** 40) } catch {}', 'n = "stopped"; while (true) sum++']
/** Step of a fork, which must not reach its session. */
const ofFork = 'for (const name of Object.keys(globalThis)) try { globalThis[name] = "forked" } catch {} Math.random()'

test.for(batches)(
  'sessions are rebuilt after each step in a fresh process, and forked, without a difference (batch %i)',
  { tags: ['SE-3', 'SE-6'] },
  async (batch, { annotate }) => {
    const seed = seedOf(1)
    const began = performance.now()
    const count = { sessions: batchSize, steps: 0, stopped: 0, rebuilt: 0, forked: 0, replayedSteps: 0 }
    await using pool = await ProcessPool.start({ size: 2 })
    const sessions = Array.from({ length: batchSize }, (_, n) => {
      const random = seededRandom(seed + n)
      return { random, session: new ProcessSession(pool, { tenant: 'live', random }), after: [] as unknown[] }
    })
    for (let step = 1; step <= stepCount; step++) {
      const tenant = `fresh ${step}`
      await Promise.all(
        sessions.map(async ({ random, session, after }, n) => {
          const where = `batch ${batch}, seed ${seed}, session ${n}, step ${step}`
          const isKept = await session.step(randomStep(random)).catch((error: unknown) => {
            throw new Error(where, { cause: error })
          })
          count.steps += 1
          if (!isKept) count.stopped += 1
          after.push(isKept ? session.variables : (after.at(-1) ?? []))

          const rebuilt = new ProcessSession(pool, { tenant, random, realm: session.realm })
          await expect(rebuilt.rebuild(), where).resolves.toBeUndefined()
          expect(rebuilt.variables, where).toEqual(after.at(-1))
          rebuilt.close()
          count.rebuilt += 1
          count.replayedSteps += session.realm.steps.length

          const atStep = 1 + Math.floor(random() * step)
          const fork = new ProcessSession(pool, { tenant, random, realm: session.realm.forkAt(atStep) })
          const steps = [...session.realm.steps]
          await expect(fork.rebuild(), where).resolves.toBeUndefined()
          expect(fork.variables, where).toEqual(after[atStep - 1])
          expect(await fork.step({ code: ofFork, isStopped: false }), where).toBe(true)
          expect(session.realm.steps, where).toEqual(steps)
          fork.close()
          count.forked += 1
        }),
      )
    }
    const seconds = Math.round((performance.now() - began) / 1_000)
    await annotate(`CODEMODE_FUZZ_SEED=${seed}: ${JSON.stringify(count)}, 0 divergences, ${seconds} s`)
    expect(count.rebuilt).toBe(batchSize * stepCount)
    expect(count.stopped).toBeGreaterThan(0)
  },
)

/** Returns a step of up to four statements; one in ten is stopped within a turn. */
function randomStep(random: () => number): RandomStep {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!
  const codes = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(statements))
  if (random() < 0.1) return { code: ['var n, sum', pick(stops)].join('\n'), isStopped: true }
  return { code: codes.join('\n'), isStopped: false }
}
