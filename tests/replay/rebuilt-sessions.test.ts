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
    const count: Count = { sessions: batchSize, steps: 0, stopped: 0, rebuilt: 0, forked: 0, replayedSteps: 0 }
    await using pool = await ProcessPool.start({ size: 2 })
    const sessions = Array.from({ length: batchSize }, (_, n) => {
      const random = seededRandom(seed + n)
      return new CheckedSession(pool, { random, count })
    })
    for (let step = 1; step <= stepCount; step++) {
      await Promise.all(
        sessions.map((session, n) =>
          session.check(step).catch((cause: unknown) => {
            throw new Error(`batch ${batch}, seed ${seed}, session ${n}, step ${step}`, { cause })
          }),
        ),
      )
    }
    for (const { session } of sessions) session.close()
    const seconds = Math.round((performance.now() - began) / 1_000)
    await annotate(`CODEMODE_FUZZ_SEED=${seed}: ${JSON.stringify(count)}, 0 divergences, ${seconds} s`)
    expect(count.rebuilt).toBe(batchSize * stepCount)
    expect(count.stopped).toBeGreaterThan(0)
  },
)

type Count = Record<'sessions' | 'steps' | 'stopped' | 'rebuilt' | 'forked' | 'replayedSteps', number>

/** Session that is rebuilt, and forked at one of its steps, after each step. */
class CheckedSession {
  readonly session: ProcessSession
  readonly #pool: ProcessPool
  readonly #random: () => number
  readonly #count: Count
  /** Variables after each step. */
  readonly #after: (readonly unknown[])[] = []

  constructor(pool: ProcessPool, { random, count }: { readonly random: () => number; readonly count: Count }) {
    this.session = new ProcessSession(pool, { tenant: 'live', random })
    this.#pool = pool
    this.#random = random
    this.#count = count
  }

  /** Runs a step, and checks the session and a fork in a process that no guest has used before this step. */
  async check(step: number): Promise<void> {
    const { realm } = this.session
    const isKept = await this.session.step(randomStep(this.#random))
    this.#after.push(isKept ? this.session.variables : (this.#after.at(-1) ?? []))
    const options = { tenant: `fresh ${step}`, random: this.#random }

    const rebuilt = new ProcessSession(this.#pool, { ...options, realm })
    await rebuilt.rebuild()
    expect(rebuilt.variables).toEqual(this.#after.at(-1))
    rebuilt.close()

    const atStep = 1 + Math.floor(this.#random() * step)
    const steps = [...realm.steps]
    const fork = new ProcessSession(this.#pool, { ...options, realm: realm.forkAt(atStep) })
    await fork.rebuild()
    expect(fork.variables).toEqual(this.#after[atStep - 1])
    expect(await fork.step({ code: ofFork, isStopped: false })).toBe(true)
    expect(realm.steps).toEqual(steps)
    fork.close()

    this.#count.steps += 1
    this.#count.stopped += isKept ? 0 : 1
    this.#count.rebuilt += 1
    this.#count.forked += 1
    this.#count.replayedSteps += realm.steps.length
  }
}

/** Returns a step of up to four statements; one in ten is stopped within a turn. */
function randomStep(random: () => number): RandomStep {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!
  const codes = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(statements))
  if (random() < 0.1) return { code: ['var n, sum', pick(stops)].join('\n'), isStopped: true }
  return { code: codes.join('\n'), isStopped: false }
}
