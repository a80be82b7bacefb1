import { expect, test } from 'vitest'

import type { AttachedExecution } from '../attached/attached-execution.ts'
import { principal } from '../detached/scripted-nodes.test-support.ts'
import { AttachedSession, type SessionOwner } from './attached-session.ts'
import { sessionFactsOf } from './session-facts.ts'

const owner: SessionOwner = { now: () => 0, add: (session) => session, remove() {} }

/** Returns a step that ends when it is told to. */
function newStep(code: string) {
  const { promise: settled, resolve: end } = Promise.withResolvers<void>()
  const fields = { code, settled, journalBytes: 100, cpuMs: 1, hasEnded: false, isStateKept: false }
  return { execution: fields as Partial<AttachedExecution> as AttachedExecution, end }
}

test('a reset leaves the steps that were accepted after it', { tags: ['SE-6'] }, async () => {
  const session = new AttachedSession(sessionFactsOf({}, principal), owner)
  const [first, second] = [newStep('a'), newStep('b')]
  session.add(first.execution)
  const reset = session.reset()
  session.add(second.execution)
  first.end()
  expect(await reset).toMatchObject({
    steps: 1,
    pendingSteps: 1,
    sizeBytes: 100,
    stepList: [{ number: 2, code: 'b' }],
  })
})
