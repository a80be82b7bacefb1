import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { expect, test } from 'vitest'

import { checkSource } from '../../packages/executor/src/sandbox/check-source.ts'
import { ProcessPool } from '../../packages/executor/src/sandbox/process-pool.ts'
import type { GuestDelivery, TurnOutcome } from '../../packages/executor/src/sandbox/sandbox.ts'

const limits = { ...defaultRequestLimits, ...fixedLimits }
const options = { cpuMs: 5_000, wallMs: 60_000, expectedSlowdown: 1, maxWaitMs: 60_000 }
const placement = { tenant: 'a', isolation: 'tenant' } as const
const step = (number: number, code: string): GuestDelivery => ({
  kind: 'step',
  at: number,
  step: { number, code, input: 'null', limits, seed: '0'.repeat(64), tools: [] },
})
const resultOf = (outcome: TurnOutcome) =>
  outcome.type === 'turn' && outcome.effects.end?.ok === true ? outcome.effects.end.result : outcome

test('a sandbox process checks the code of steps, and runs the steps of a session one after the other', async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  const check = (code: string) => checkSource(pool, { code, limits, placement, options })
  expect(await check('const a: number = await tools.x(); return a')).toEqual({ type: 'accepted' })
  expect(await check('let a\nlet a')).toMatchObject({
    type: 'refused',
    error: { code: 'SYNTAX_ERROR', details: { line: 2, column: 5 } },
  })
  expect(await check('import fs from "fs"')).toMatchObject({ type: 'refused', error: { hint: expect.any(String) } })

  const guest = pool.placeGuest({ kind: 'session', context: '{}', config: '{}', limits }, placement)
  const first = await guest.turn(step(1, 'let n = 1; function next() { return ++n }'), options)
  expect(first).toMatchObject({
    variables: [
      { name: 'n', kind: 'let' },
      { name: 'next', kind: 'function' },
    ],
  })
  expect(resultOf(await guest.turn(step(2, 'next()'), options))).toBe('2')
  expect(resultOf(await guest.turn(step(3, 'next()'), options))).toBe('3')
  expect(await guest.turn(step(4, 'for (;;);'), { ...options, cpuMs: 50 })).toMatchObject({ type: 'stopped' })
  expect(await guest.turn(step(5, 'next()'), options)).toEqual({ type: 'lost' })
})
