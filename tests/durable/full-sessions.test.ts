// Bounds of durable sessions with their real sizes; the tests of the store have smaller ones.
import { connect } from '@codemode/testkit'
import { expect, test } from 'vitest'

import type { Session } from '@codemode/client'

import { startDurableExecutor } from '../support/durable-executor.ts'
import { isSoak } from '../support/seed.ts'
import { openPostgresStore } from '../support/test-stores.ts'

const clocks = { executionTimeoutMs: 600_000, cpuTimeoutMs: 30_000, toolTimeoutMs: 300_000 }
const addends = 400_000_000

/** Adds steps until one is refused, some at a time. Returns the number of those that were accepted, and the error. */
async function fill(session: Session, code: string, atOnce: number): Promise<{ steps: number; error: unknown }> {
  for (let steps = 0; ; steps += atOnce) {
    const added = Array.from({ length: atOnce }, () => session.addStep(code, clocks))
    const results = await Promise.all(added.map(async (step) => (await step).wait().catch((error: unknown) => error)))
    const refused = results.findIndex((result) => result instanceof Error)
    expect(results.slice(0, refused === -1 ? atOnce : refused)).toEqual(
      results
        .slice(0, refused === -1 ? atOnce : refused)
        .map(() => expect.objectContaining({ success: true }) as object),
    )
    if (refused !== -1) return { steps: steps + refused, error: results[refused] }
  }
}

test.runIf(isSoak).each([
  { bound: '1000 steps', code: 'n += 1', atOnce: 20 },
  { bound: 'journals of 67108864 bytes', code: 'n += 1; const text = await tools.text(); n', atOnce: 1 },
  {
    bound: 'steps that used 60000 ms of CPU time',
    code: `n += 1; for (let i = 0; i < ${addends}; i++) sum = (sum + i) | 0; n`,
    atOnce: 1,
  },
])(
  'a session takes no step beyond $bound, but a fork of an earlier step does, and it does again after a reset',
  { tags: ['SE-3'] },
  async ({ bound, code, atOnce }) => {
    await using store = await openPostgresStore()
    await using executor = await startDurableExecutor(store)
    const text = 'x'.repeat(3_900_000)
    await using codemode = connect(executor, { tools: { text: () => text } })
    await using session = await codemode.session({ durable: true })
    await session.run('let n = 0; let sum = 0')
    const { steps, error } = await fill(session, code, atOnce)
    expect(error).toMatchObject({
      code: 'SESSION_FULL',
      message: expect.stringContaining(`has ${bound}, which is the limit`) as string,
      suggestion: expect.stringContaining('Reset the session, fork it at an earlier step') as string,
    })
    const fork = await session.fork({ atStep: 4 })
    expect(await fork.run('n', clocks)).toBe(3)
    await fork.close()
    await session.reset()
    expect(await session.run('typeof n')).toBe('undefined')
    expect(steps).toBeGreaterThan(10)
  },
)
