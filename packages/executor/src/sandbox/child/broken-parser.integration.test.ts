/** Tests of a process whose parser is broken: in a file of their own, because the parser stays broken. */
import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { afterEach, expect, test } from 'vitest'

import { runtimeSource } from '../runtime-source.ts'
import type { GuestHost } from './guest-host.ts'
import { ReusableIsolate } from './isolates/reusable-isolate.ts'
import { GuestRuntime } from './isolates/guest-runtime.ts'
import { openGuest } from './open-guest.ts'
import { isParserBroken } from './source/prepare-source.ts'

const runtime = new GuestRuntime(await runtimeSource())
const limits = { ...defaultRequestLimits, ...fixedLimits }
const opened: GuestHost[] = []

afterEach(() => {
  for (const { isolate } of opened.splice(0)) isolate.dispose()
})

function start(code: string) {
  const texts = { input: 'null', context: '{}', config: '{}', seed: '0'.repeat(64) }
  const guest = openGuest({ code, ...texts, limits, tools: [] }, new ReusableIsolate(runtime, limits.memoryLimitMb))
  opened.push(guest)
  return guest.turn({ kind: 'start', at: 1 }, 60_000)
}

const fence = (content: string) => `/*\n\`\`\`ts\n${content}\n\`\`\`\n*/ `
const deep = `let a: number = ${'1+'.repeat(9_000)}1`
/** Code that the parser accepts and V8 refuses, so that the guest asks for the reason. */
const tooManyParameters = `function f(${'a,'.repeat(66_000)}a) {}; return 1`
const failed = (message: string) => ({
  type: 'turn',
  effects: { end: { ok: false, code: 'SYNTAX_ERROR', message: expect.stringContaining(message) as string } },
})

test('a turn breaks the parser when the guest asks for the reason of a failed compilation', () => {
  expect(start(tooManyParameters)).toMatchObject(failed('Too many parameters'))
  expect(isParserBroken()).toBe(false)
  expect(start(fence(deep) + tooManyParameters)).toMatchObject(failed('the code is nested too deeply'))
  expect(isParserBroken()).toBe(true)
})

test.each([
  ['that did not compile and has a fence with types', fence(deep) + tooManyParameters],
  ['that did not compile and has a small fence', fence('let a: 1') + tooManyParameters],
  ['with types', 'let a: number = 1; a'],
  ['with an error', 'let a: = 1'],
])('after that, a turn of code %s is skipped, for another process', (_title, code) => {
  expect(isParserBroken()).toBe(true)
  expect(start(code)).toEqual({ type: 'skipped' })
})

test('after that, a turn that needs no types runs', () => {
  expect(start('return 1 + 1')).toMatchObject({ type: 'turn', effects: { end: { ok: true, result: '2' } } })
  expect(start(tooManyParameters)).toMatchObject(failed('Too many parameters'))
})
