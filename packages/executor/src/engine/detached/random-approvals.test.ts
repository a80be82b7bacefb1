import fc from 'fast-check'
import { beforeEach, expect, test, vi } from 'vitest'

import { ApprovalsHistory } from './approvals-history.test-support.ts'
import { decisions, toolNames, type Action } from './approvals-program.test-support.ts'

const programs = fc.record({
  groups: fc.array(fc.array(fc.constantFrom(...toolNames), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  }),
  hasCallback: fc.boolean(),
})

const decisionNumber = fc.nat(decisions.length - 1)

function action(weight: number, type: Action['type'], rest: Readonly<Record<string, fc.Arbitrary<unknown>>>) {
  const arbitrary = fc.record({ type: fc.constant(type), isRushed: fc.boolean(), ...rest }) as fc.Arbitrary<Action>
  return { weight, arbitrary }
}

const actions = fc.array(
  fc.oneof(
    action(4, 'pass', { ms: fc.constantFrom(1, 1_000, 30_000, 61_000, 63_000) }),
    action(5, 'finish', { which: fc.nat(3) }),
    action(9, 'decide', {
      which: fc.nat(5),
      decisions: fc.array(decisionNumber, { minLength: 1, maxLength: 2 }),
      isStale: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
    action(5, 'post', {
      call: fc.integer({ min: 1, max: 6 }),
      response: fc.constantFrom('answer', 'answer', 'deferred', 'approvalRequired'),
    }),
    action(2, 'callback', {}),
    action(2, 'slow', {}),
    action(1, 'close', {}),
    action(1, 'freeze', {}),
    action(2, 'serve', {}),
    action(1, 'stopServing', {}),
    action(1, 'cancel', {}),
    action(4, 'crash', { after: fc.integer({ min: 1, max: 4 }), isDone: fc.boolean() }),
  ),
  { minLength: 5, maxLength: 25 },
)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
})

test('500 random histories of approvals, answers and crashes agree with a model', async () => {
  const property = fc.asyncProperty(programs, actions, async (program, steps) => {
    expect((await new ApprovalsHistory(program).run(steps)).end).toBeDefined()
  })
  await fc.assert(property, { seed: 16, numRuns: 500 })
})
