import { expect, test } from 'vitest'

import { Metrics } from './metrics.ts'
import { observeNode, type NodeReading } from './observe-node.ts'

const idle: NodeReading = {
  isReady: true,
  load: {
    queued: 0,
    oldestQueuedMs: 0,
    inFlight: { attached: 0, detached: 0 },
    waiting: { tool: 0, timer: 0, approval: 0, deferred: 0 },
  },
  sandbox: undefined,
}

test('each read of the metrics has the state of the node at that time', { tags: ['OP-1'] }, async () => {
  const metrics = new Metrics()
  let queued = 2
  using _ = observeNode(metrics, {
    reading: () => ({
      isReady: true,
      load: {
        queued,
        oldestQueuedMs: queued * 1_500,
        inFlight: { attached: 7, detached: 0 },
        waiting: { tool: 4, timer: 1, approval: 0, deferred: 0 },
      },
      sandbox: {
        processes: { starting: 0, unused: 1, idle: 2, busy: 3 },
        isolates: { unused: 2, used: 9 },
        guests: 5,
        guestBytes: 1_024,
        throttledTenants: 1,
      },
    }),
  })
  const lines = (await metrics.text()).split('\n')
  for (const line of [
    'codemode_ready 1',
    'codemode_queue_depth 2',
    'codemode_queue_age_seconds 3',
    'codemode_executions_in_flight{kind="attached"} 7',
    'codemode_executions_waiting{reason="tool"} 4',
    'codemode_sandbox_processes{state="busy"} 3',
    'codemode_sandbox_isolates{state="used"} 9',
    'codemode_sandbox_guest_memory_bytes 1024',
    'codemode_tenants_throttled 1',
  ])
    expect(lines).toContain(line)
  queued = 0
  expect(await metrics.text()).toContain('codemode_queue_depth 0\n')
})

/** Returns the lines of the parked executions in the metrics of a node. */
async function parkedLines(countParked?: () => Promise<ReadonlyMap<string, number>>): Promise<string[]> {
  const metrics = new Metrics()
  using _ = observeNode(metrics, { reading: () => idle, countParked })
  return (await metrics.text()).split('\n').filter((line) => line.startsWith('codemode_store_parked_executions{'))
}

test(
  'parked executions have one value for each reason, and none if they cannot be counted',
  { tags: ['OP-1'] },
  async () => {
    const counts = new Map([
      ['timer', 3],
      ['a reason of a newer executor', 1],
    ])
    expect(await parkedLines(async () => counts)).toEqual(
      ['tool', 'timer', 'approval', 'deferred', 'attention'].map(
        (reason) => `codemode_store_parked_executions{reason="${reason}"} ${counts.get(reason) ?? 0}`,
      ),
    )
    expect(await parkedLines(() => Promise.reject(new Error('the store is down')))).toEqual([])
    expect(await parkedLines()).toEqual([])
  },
)
