import { afterAll, beforeAll, expect, test } from 'vitest'

import { SessionGuest } from '../support/session-guest.ts'
import { V8Repl } from '../support/v8-repl.ts'
import { stepCases } from './step-cases.ts'

let repl: V8Repl
beforeAll(async () => {
  repl = await V8Repl.open()
})
afterAll(() => repl.close())

test.each(stepCases)('steps of a session: $name', ({ steps, outcomes }) => {
  using session = new SessionGuest()
  expect(session.run(...steps)).toEqual(outcomes)
})

test.each(stepCases.filter(({ differs }) => differs === undefined))(
  "V8's REPL mode agrees: $name",
  async ({ steps, outcomes }) => {
    expect(await repl.run(steps)).toEqual(outcomes)
  },
)

test.each(stepCases.filter(({ differs }) => differs !== undefined))(
  "V8's REPL mode differs, because $differs: $name",
  async ({ steps, outcomes }) => {
    expect(await repl.run(steps)).not.toEqual(outcomes)
  },
)
