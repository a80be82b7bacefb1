import { expect, test } from 'vitest'

import { configurationErrorMessage } from '../testing/configuration-error-message.ts'
import { handlerOf, type ToolLike } from './define.ts'

class Counter {
  async *run(): AsyncGenerator<number> {
    yield 1
  }
}

test.each<[string, ToolLike]>([
  ['a generator', function* () {}],
  ['an async generator', async function* () {}],
  ['an object with a generator', { *execute() {} }],
  ['an object with an async generator', { execute: undefined, async *runAsync() {} }],
  ['an instance whose method is a generator', new Counter()],
])('%s is no handler, because a call has one output', async (_title, tool) => {
  const message = await configurationErrorMessage(() => handlerOf('t', tool))
  expect(message).toContain("The handler of the tool 't' is a generator")
  expect(message).toContain("codemode.registerTool('t', tool({ execute: async (input) => … }))")
})

test.each<[string, ToolLike]>([
  ['a function', () => 'mine'],
  ['an async function', async () => 'mine'],
  ['an object', { execute: () => 'mine' }],
  ['an object with run only', { run: () => 'mine' }],
])('%s is a handler', async (_title, tool) => {
  expect(await handlerOf('t', tool)({}, undefined as never)).toBe('mine')
})
