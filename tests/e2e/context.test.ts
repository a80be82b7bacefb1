import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Context } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'

import { connect, startExecutor, toolLatch, transports } from '@codemode/testkit'

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

interface Call {
  readonly context: Context
  readonly executionId: string
}

const whoami = (_: unknown, { context }: Call) => context

const twice = (context: Context): Context[] => [context, context]

function spoil(_: unknown, { context }: Call): number {
  try {
    ;(context as { user?: string }).user = 'root'
  } catch {
    // A context that is frozen is acceptable too.
  }
  return 1
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test(
    'withContext returns a new view, and does not change the client and its other views',
    { tags: ['CX-1'] },
    async () => {
      await using client = connect(executor, { ...config, tools: { whoami } })
      const code = 'return [context, await tools.whoami({})]'
      const view = client.withContext({ user: 'ann', team: 'a' })
      const narrower = view.withContext({ user: 'bob' })
      expect(view).not.toBe(client)
      expect(await client.executeAsync(code)).toEqual([{}, {}])
      expect(await narrower.executeAsync(code)).toEqual(twice({ user: 'bob', team: 'a' }))
      expect(await view.executeAsync(code)).toEqual(twice({ user: 'ann', team: 'a' }))
      const own = { context: { user: 'cyd', once: true } }
      expect(await view.executeAsync(code, own)).toEqual(twice({ user: 'cyd', team: 'a', once: true }))
      expect(await view.executeAsync(code)).toEqual(twice({ user: 'ann', team: 'a' }))
    },
  )

  test("50 parallel requests through one client never see each other's context", { tags: ['CX-1'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    const seen: unknown[] = []
    const look = async (input: unknown, call: Call & { signal: AbortSignal }) => {
      await enter(input, call)
      seen.push([input, call.context])
      return call.context
    }
    await using client = connect(executor, { ...config, tools: { look } })
    const users = Array.from({ length: 50 }, (_, index) => `user-${index}`)
    const values = Promise.all(
      users.map((user) =>
        client.withContext({ user }).executeAsync('return [context.user, (await tools.look(context.user)).user]'),
      ),
    )
    await arrived(50)
    open()
    expect(await values).toEqual(users.map((user) => [user, user]))
    for (const [input, context] of seen as [string, Context][]) expect(context).toEqual({ user: input })
  })

  test('the code can neither change nor forge the context that its tools receive', { tags: ['CX-1'] }, async () => {
    await using client = connect(executor, { ...config, tools: { whoami } })
    const value = await client.withContext({ user: 'ann', roles: ['reader'] }).executeAsync(`
      'use strict'
      const refused = []
      for (const change of [
        () => { context.user = 'root' },
        () => { context.roles.push('admin') },
        () => { delete context.user },
        () => Object.defineProperty(context, 'user', { value: 'root' }),
      ]) try { change() } catch { refused.push(true) }
      try { globalThis.context = { user: 'root' } } catch {}
      const second = await tools.whoami({}, { user: 'root' }).catch(({ code }) => code)
      return { refused: refused.length, second, told: await tools.whoami({ context: { user: 'root' } }) }`)
    expect(value).toEqual({ refused: 4, second: 'TOOL_INPUT_INVALID', told: { user: 'ann', roles: ['reader'] } })
  })

  test("a handler's changes to its context reach no other call", { tags: ['CX-1'] }, async () => {
    await using client = connect(executor, { ...config, tools: { spoil, whoami } })
    const view = client.withContext({ user: 'ann' })
    expect(await view.executeAsync('await tools.spoil({}); return tools.whoami({})')).toEqual({ user: 'ann' })
    expect(await view.executeAsync('return context')).toEqual({ user: 'ann' })
  })

  test('changes to the object that a context was made from have no effect', { tags: ['CX-1'] }, async () => {
    await using client = connect(executor, { ...config, tools: { whoami } })
    const mine = { user: 'ann', nested: { n: 1 } }
    const view = client.withContext(mine)
    mine.user = 'root'
    mine.nested.n = 2
    expect(await view.executeAsync('tools.whoami({})')).toEqual({ user: 'ann', nested: { n: 1 } })
  })
})

test('a view shares the tools of its client, also those registered later', { tags: ['CX-1'] }, async () => {
  await using client = connect(executor)
  const view = client.withContext({ user: 'ann' })
  client.registerTool('whoami', whoami)
  view.registerTool('one', () => 1)
  expect(await view.executeAsync('return [await tools.whoami({}), await tools.one({})]')).toEqual([{ user: 'ann' }, 1])
  expect(await client.executeAsync('tools.one({})')).toBe(1)
})

test('withContext refuses a context that is not JSON, with the path', { tags: ['CX-1'] }, async () => {
  await using client = connect(executor)
  const wrong = { user: { log: () => {} } } as never
  expect(() => client.withContext(wrong)).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining('context.user.log') }),
  )
})
