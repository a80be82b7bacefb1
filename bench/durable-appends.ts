/** Measures the appends of the store: of one lease at a time, and of several leases whose appends are committed in groups. */
import { newExecutionId } from '@codemode/shared'

import { headerOf } from '../packages/executor/src/engine/state/journal.test-support.ts'
import type { Lease } from '../packages/executor/src/store/execution-store.ts'
import { PostgresStore } from '../packages/executor/src/store/postgres/postgres-store.ts'

interface AppendsOptions {
  /** Number of leases that append at the same time, each one entry at a time. */
  readonly leases: number
  readonly forMs: number
}

/** Returns the appends per second over a database that has no other executions to run. */
export async function appendsPerSecond(url: string, { leases, forMs }: AppendsOptions): Promise<number> {
  await using store = await PostgresStore.start({
    url,
    onError(error) {
      throw error
    },
  })
  const allHeld = Promise.withResolvers<void>()
  const held: Lease[] = []
  const ended = Promise.withResolvers<void>()
  let appended = 0
  let running = 0
  const run = async (lease: Lease): Promise<void> => {
    running += 1
    if (held.push(lease) === leases) allHeld.resolve()
    await allHeld.promise
    const until = performance.now() + forMs
    for (let call = 1; performance.now() < until; call++) {
      await lease.append([{ type: 'answer', at: Date.now(), call, ok: true, text: '"an answer"' }])
      appended += 1
    }
    await lease.finish([], { status: 'completed', finishedAt: Date.now() })
    running -= 1
    if (running === 0) ended.resolve()
  }
  const working = store.work({ node: 'bench', places: () => leases - held.length, run })
  for (let n = 0; n < leases; n++) await store.create(newExecution(leases))
  await ended.promise
  await working.stop()
  return (appended / forMs) * 1_000
}

function newExecution(maxQueued: number) {
  const id = newExecutionId()
  const facts = {
    id,
    tenant: 'bench',
    owner: 'bench',
    keyId: 'bench',
    correlationId: 'cor_0000000000000000',
    bodyHash: '',
    isolation: 'tenant' as const,
    reuseIsolates: true,
    expiresAfterMs: 600_000,
  }
  return { facts, header: headerOf({ executionId: id }), maxQueued }
}
