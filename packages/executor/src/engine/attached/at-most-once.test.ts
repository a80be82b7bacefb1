import { formatKnownReading, parseKnownReading, RequestError } from '@codemode/shared'
import { expect, test } from 'vitest'

import { refuseUnlessFirst } from './at-most-once.ts'
import { createInstance } from '../instance.ts'

/** Creates an instance on a clock that the test sets. */
function instanceAt(startMs: number) {
  const clock = { now: startMs }
  return { clock, instance: createInstance(() => clock.now) }
}

function refusal(check: () => void): unknown {
  try {
    check()
    return undefined
  } catch (error) {
    return error
  }
}

const executionId = 'exe_1'

test(
  'a clock reading counts whole milliseconds from the start of its instance, rounded down',
  { tags: ['RT-2'] },
  () => {
    const { clock, instance } = instanceAt(1_000.75)
    clock.now = 1_003.5
    expect(instance.reading()).toEqual({ instance: expect.stringMatching(/^[0-9a-f]{32}$/), clockMs: 2 })
    expect(instanceAt(0).instance.reading().instance).not.toBe(instance.reading().instance)
  },
)

test(
  'only the named instance runs an unknown execution, and only if it has forgotten nothing since',
  { tags: ['RT-2'] },
  () => {
    const { clock, instance } = instanceAt(0)
    clock.now = 100
    const known = instance.reading()
    clock.now = 200
    const refused = (forgottenAt: number, given: typeof known | 'none' | undefined = known) =>
      refusal(() => refuseUnlessFirst({ executionId, known: given, forgottenAt }, instance))
    expect(refused(-Infinity)).toBeUndefined()
    expect(refused(99.9)).toBeUndefined()
    expect(refused(100)).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', httpStatus: 409, executionId })
    expect(refused(150.2)).toMatchObject({ details: { ...instance.reading(), remembersSinceMs: 151 } })
    expect(refused(-Infinity, 'none')).toMatchObject({ details: { ...instance.reading(), remembersSinceMs: 0 } })
    const other = instanceAt(0).instance.reading()
    expect(refused(150, other)).toMatchObject({ details: { ...instance.reading(), remembersSinceMs: 0 } })
    expect(refused(150, parseKnownReading(formatKnownReading(other)))).toBeInstanceOf(RequestError)
  },
)

test('a request without a reading is a first request', () => {
  const { instance } = instanceAt(0)
  expect(refusal(() => refuseUnlessFirst({ executionId, known: undefined, forgottenAt: 5 }, instance))).toBeUndefined()
})
