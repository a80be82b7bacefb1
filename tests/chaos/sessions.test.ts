import { connect, RandomKills, seededRandom, startExecutor } from '@codemode/testkit'
import { expect, test } from 'vitest'

import type { EndedExecution } from '@codemode/client'

import { isSoak, seedOf } from '../support/seed.ts'

const sessionCount = isSoak ? 100 : 20
const stepCount = isSoak ? 20 : 6
const kills = isSoak ? 40 : 5

test(
  'sessions in parallel keep their order and their state, and their counts add up, despite kills of sandbox processes',
  { tags: ['SE-2', 'SE-5'] },
  async ({ annotate }) => {
    const seed = seedOf(5)
    const random = seededRandom(seed)
    const began = performance.now()
    await using executor = await startExecutor()
    const chaos = new RandomKills({ kills, every: Math.floor((sessionCount * stepCount) / (kills + 1) / 2), seed })
    /** Sessions with a step whose tool call is under way. */
    const inStep = new Set<string>()
    let overlaps = 0
    const tools = {
      async step({ session }: { session: string }) {
        if (inStep.has(session)) overlaps += 1
        inStep.add(session)
        chaos.progressed()
        await new Promise((resolve) => void setImmediate(resolve))
        inStep.delete(session)
        return random() < 0.2 ? Promise.reject(new Error('by chance')) : null
      },
    }
    await using codemode = connect(executor, { tools })
    const sessions = await Promise.all(Array.from({ length: sessionCount }, () => codemode.session()))
    const cancelled = new Set<string>()
    // Nobody waits for a step here.
    for (const session of sessions) {
      for (let n = 0; n < stepCount; n++) {
        const code = `var log = [...(globalThis.log ?? []), ${n}]; await tools.step({ session: '${session.id}' }); ${n}`
        const adding = session.addStep(random() < 0.1 ? `${code}; const = 1` : code)
        if (random() < 0.1) {
          cancelled.add(`${session.id} ${n}`)
          void adding.then((step) => step.cancel().catch(() => {}))
        }
      }
    }
    const total = { completed: 0, failed: 0, cancelled: 0 }
    for (const session of sessions) {
      const results = await session.waitForAllTasks()
      const stats = session.getQueueStats()
      expect(stats).toMatchObject({ pending: 0, running: 0, total: stepCount })
      expect(stats.completed + stats.failed + stats.cancelled, `seed ${seed}`).toBe(stepCount)
      expect(stats.completed, `seed ${seed}`).toBe(results.filter(({ success }) => success).length)
      for (const name of ['completed', 'failed', 'cancelled'] as const) total[name] += stats[name]
      const ran = results.flatMap((result, n) => (hasRun(result) && !cancelled.has(`${session.id} ${n}`) ? [n] : []))
      const log = await session.run<number[]>('globalThis.log ?? []')
      expect(
        log.filter((n) => !cancelled.has(`${session.id} ${n}`)),
        `seed ${seed}`,
      ).toEqual(ran)
    }
    const successful = total.completed + sessionCount
    expect(codemode.stats()).toMatchObject({ successful, failed: total.failed, cancelled: total.cancelled })
    expect([overlaps, chaos.kills]).toEqual([0, kills])
    const seconds = Math.round((performance.now() - began) / 1_000)
    await annotate(
      `CODEMODE_FUZZ_SEED=${seed}: ${sessionCount} sessions of ${stepCount} steps, ${JSON.stringify(total)}, ${kills} kills, ${seconds} s`,
    )
  },
)

/** Returns whether the code of a step has begun. */
function hasRun(result: EndedExecution): boolean {
  return result.usage.turns > 0 && (result.success || result.error.code !== 'SYNTAX_ERROR')
}
