/**
 * The memory of an executor and its sandbox processes: while very many executions wait, and over very many executions in a
 * row. Options: `--part waiting`, `many` or `flat` runs one part; `--count N` changes how many executions it has;
 * `--budget-mb N` is the memory at which a part starts no more of them (70 % of what is free); `--at-once N` is how many
 * executions are being started, or answered, at a time.
 */
import { freemem } from 'node:os'
import { parseArgs } from 'node:util'

import type { Workload } from './main.ts'
import { memoryInARow } from './memory-in-a-row.ts'
import { memoryWhileWaiting } from './memory-while-waiting.ts'

const parts = {
  waiting: { count: 2_000, env: {} },
  many: {
    count: 10_000,
    env: {
      CODEMODE_MAX_RUNNING: '12000',
      CODEMODE_MAX_RUNNING_PER_KEY: '12000',
      CODEMODE_MAX_QUEUED: '12000',
      CODEMODE_MAX_QUEUED_PER_KEY: '12000',
      CODEMODE_SANDBOX_MEMORY_MB: '256',
      CODEMODE_EVICT_AFTER_MS: '2000',
    },
  },
}

export const memory: Workload = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: 'string' },
      count: { type: 'string' },
      'budget-mb': { type: 'string' },
      'at-once': { type: 'string', default: '128' },
    },
  })
  const count = values.count === undefined ? undefined : Number(values.count)
  for (const part of ['waiting', 'many'] as const) {
    if ((values.part ?? part) !== part) continue
    await memoryWhileWaiting(report, {
      env: parts[part].env,
      count: count ?? parts[part].count,
      atOnce: Number(values['at-once']),
      budgetMb: Number(values['budget-mb'] ?? (freemem() / 1024 ** 2) * 0.7),
    })
  }
  if ((values.part ?? 'flat') === 'flat') await memoryInARow(report, count ?? 20_000)
}
