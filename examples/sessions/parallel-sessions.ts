/** Independent sessions in parallel: the steps of each run in order, and none sees the variables of another. */
import assert from 'node:assert/strict'

import { Codemode } from '@codemode/client'

const started: { worker: unknown; step: number }[] = []

await using codemode = Codemode.fromEnv({
  tools: {
    begin: ({ step }: { step: number }, { context }) => void started.push({ worker: context['worker'], step }),
  },
})

async function count(worker: number): Promise<number> {
  const session = await codemode.session({ context: { worker } })
  try {
    void session.addStep('let sum = 0')
    for (const step of [1, 2, 3]) {
      void session.addStep('await tools.begin({ step: input }); sum += input * context.worker', { input: step })
    }
    return await session.run<number>('sum')
  } finally {
    await session.close()
  }
}

const workers = [1, 2, 3, 4, 5]
const sums = await Promise.all(workers.map((worker) => count(worker)))

assert.deepEqual(sums, [6, 12, 18, 24, 30])
for (const worker of workers) {
  const steps = started.filter((entry) => entry.worker === worker).map(({ step }) => step)
  assert.deepEqual(steps, [1, 2, 3])
}
console.log(`${workers.length} sessions in parallel, the steps of each in order`)
