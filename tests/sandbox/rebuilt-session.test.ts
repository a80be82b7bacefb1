import { expect, test } from 'vitest'

import { RestorableGuest } from '../../packages/executor/src/engine/runner/restorable-guest.ts'
import { AttachedRealm } from '../../packages/executor/src/engine/session/attached-realm.ts'
import type { StepJournal } from '../../packages/executor/src/store/session-store.ts'
import { headerOf } from '../../packages/executor/src/engine/state/journal.test-support.ts'
import { JournalLog } from '../../packages/executor/src/engine/state/journal-log.ts'
import { ProcessPool } from '../../packages/executor/src/sandbox/process-pool.ts'

const code = 'const kept = Array.from({ length: 80 }, () => new Uint8Array(2 ** 20).fill(1)); kept.length'

test('a session is rebuilt with more memory than its limit, because peaks differ', { tags: ['SE-3'] }, async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  /** Runs a step after others, in a guest with the given memory limit. Returns its journal. */
  async function runStep(step: number, before: readonly StepJournal[], memoryLimitMb: number): Promise<StepJournal> {
    const given = headerOf({ code: step === 1 ? code : 'kept.length', session: { id: 'ses_1', step } })
    const header = {
      ...given,
      limits: { ...given.limits, memoryLimitMb },
      runtime: { ...given.runtime, ...pool.versions },
    }
    const journal = new JournalLog(header)
    const guest = new RestorableGuest({
      sandbox: pool,
      journal,
      state: { turns: 0, cpuMs: 0 },
      placement: { tenant: 'a', isolation: 'tenant' },
      realm: new AttachedRealm(before),
    })
    const delivery = { kind: 'start' } as const
    const turn = await guest.turn(journal.guestDelivery(delivery, step), () => 60_000)
    guest.close()
    if (turn.type !== 'turn') throw new Error(`the turn ended as ${turn.type}`)
    expect(turn.effects.end).toMatchObject({ ok: true, result: '80' })
    const { cpuMs, effects } = turn
    return { header, entries: [{ type: 'turn', at: step, endedAt: step, cpuMs, delivery, effects }] }
  }

  const first = await runStep(1, [], 128)
  await expect(runStep(1, [], 64)).rejects.toThrow('the turn ended as stopped')
  const limits = { ...first.header.limits, memoryLimitMb: 64 }
  await runStep(2, [{ ...first, header: { ...first.header, limits } }], 64)
  // The guest was made with the limit of the first step, also if that of the key of a later one is lower.
  await runStep(2, [first], 16)
})
