import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Codemode, ConfigurationError, ExecutorClient, tool, withCache } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'

import { apiKey, connect, startExecutor, toolLatch, transports } from '@codemode/testkit'

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

const mine = (user: string) => ({ my_orders: () => `orders of ${user}` })

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('a view has the tools of its client and its own, of which its own win', { tags: ['TL-7'] }, async () => {
    await using client = connect(executor, { ...config, tools: { now: () => 'now', shout: () => 'client' } })
    const view = client.withTools({ shout: () => 'view', 'user-list': () => ['ann'] })
    const code = 'return [Object.keys(tools), await tools.shout(), await tools.now()]'
    expect(await view.executeAsync(code)).toEqual([['now', 'shout', 'user_list'], 'view', 'now'])
    expect(await client.executeAsync(code)).toEqual([['now', 'shout'], 'client', 'now'])
    client.registerTool('later', () => 'later')
    expect(await view.executeAsync('return tools.later()')).toBe('later')
    view.registerTool('only_here', () => 'view')
    expect(await view.executeAsync('return tools.only_here()')).toBe('view')
    expect(await client.executeAsync('return "only_here" in tools && Object.keys(tools).includes("only_here")')).toBe(
      false,
    )
    expect(view.toJSON()['tools']).toEqual(['now', 'shout', 'later', 'user-list', 'only_here'])
    expect(client.toJSON()['tools']).toEqual(['now', 'shout', 'later'])
  })

  test('views with tools and with contexts compose in any order', { tags: ['CX-1'] }, async () => {
    await using client = connect(executor, config)
    const who = { who: tool({ execute: (_, { context }) => context }) }
    const code = 'return [await tools.who(), Object.keys(tools)]'
    const views = [
      client.withTools(who).withContext({ user: 'ann' }),
      client.withContext({ user: 'ann' }).withTools(who),
      client
        .withTools({ who: () => 'replaced' })
        .withContext({ user: 'ann' })
        .withTools(who),
    ]
    for (const view of views) expect(await view.executeAsync(code)).toEqual([{ user: 'ann' }, ['who']])
  })

  test('concurrent views serve tools of the same name with their own handlers', { tags: ['TL-5'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(executor, { ...config, tools: { wait: enter } })
    const users = Array.from({ length: 20 }, (_, i) => `user-${i}`)
    const values = Promise.all(
      users.map((user) => client.withTools(mine(user)).executeAsync('await tools.wait(); return tools.my_orders()')),
    )
    await arrived(users.length)
    open()
    expect(await values).toEqual(users.map((user) => `orders of ${user}`))
  })

  test('the allow-list and its errors are about the tools of the view', { tags: ['TL-3'] }, async () => {
    await using client = connect(executor, { ...config, tools: { now: () => 'now' } })
    const view = client.withTools(mine('ann'))
    expect(await view.executeAsync('return Object.keys(tools)', { availableTools: ['my_orders'] })).toEqual([
      'my_orders',
    ])
    await expect(view.executeAsync('1', { availableTools: ['my_order'] })).rejects.toThrow(
      "Registered tools: now, my_orders. Did you mean 'my_orders'?",
    )
    await expect(client.executeAsync('1', { availableTools: ['my_orders'] })).rejects.toThrow('Registered tools: now.')
  })

  test('run, submit and executeAll of a view serve its tools', { tags: ['TL-7'] }, async () => {
    await using client = connect(executor, config)
    const view = client.withTools(mine('ann'))
    const code = 'return tools.my_orders()'
    const results = [
      await view.run(code),
      await (await view.submit(code)).wait(),
      ...(await view.executeAll([code, code])),
    ]
    for (const result of results) expect(result).toMatchObject({ success: true, result: 'orders of ann' })
    const again = await (await view.submit(code)).retry()
    expect(await again.wait()).toMatchObject({ result: 'orders of ann' })
  })
})

test('a cache keeps the results of views with tools apart', { tags: ['CL-1'] }, async () => {
  const cached = withCache(new ExecutorClient({ executorUrl: executor.url, executorApiKey: apiKey }))
  await using client = Codemode.fromClientConfig({ executor: cached })
  const [ann, bob] = [client.withTools(mine('ann')), client.withTools(mine('bob'))]
  const code = 'return tools.my_orders()'
  expect(await ann.run(code)).toMatchObject({ result: 'orders of ann', source: 'executor' })
  expect(await bob.run(code)).toMatchObject({ result: 'orders of bob', source: 'executor' })
  expect(await ann.withContext({}).run(code)).toMatchObject({ result: 'orders of ann', source: 'cache' })
})

test('a view refuses tools that collide or are none, and execute() refuses its tools', { tags: ['TL-8'] }, async () => {
  await using client = connect(executor, { tools: { 'user-list': () => 1 } })
  expect(() => client.withTools({ user_list: () => 2 })).toThrow("'user-list' and 'user_list'")
  expect(() => client.withTools([() => 1] as never)).toThrow('it is an array')
  expect(() => client.withTools({ weather: { handler: () => 1 } } as never)).toThrow('did you mean execute?')
  expect(() => client.withTools(mine('ann')).execute('1', { availableTools: ['my_orders'] })).toThrow(
    ConfigurationError,
  )
})
