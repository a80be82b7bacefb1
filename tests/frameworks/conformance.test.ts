import type { RunningExecutor } from '@codemode/executor'
import { connect, startExecutor } from '@codemode/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'

import { aiSdk, aiSdkDynamic } from './adapters/ai-sdk.ts'
import { anthropicStandard, anthropicZod } from './adapters/anthropic.ts'
import { crewai } from './adapters/crewai.ts'
import type { Adapter, Definition } from './adapters/definition.ts'
import { mcp, mcpOverHttp, mcpV1 } from './adapters/mcp.ts'
import { openaiOptions, openaiThrowing, openaiTools } from './adapters/openai-agents.ts'

const adapters: Adapter[] = [
  aiSdk,
  aiSdkDynamic,
  mcp,
  mcpOverHttp,
  mcpV1,
  openaiTools,
  openaiThrowing,
  openaiOptions,
  anthropicZod,
  anthropicStandard,
  crewai,
]

const toText = (input: object): string => JSON.stringify(input)

function refuse(): never {
  throw new Error('the order is closed')
}

let executor: RunningExecutor
beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

describe.each(adapters)('tools of $adapter', (adapter) => {
  /** Connects a client whose code has these tools. */
  const clientWith = async (...definitions: Definition[]) =>
    connect(executor, { tools: await adapter.toTools(definitions) })

  test('get the input and give the output', { tags: ['FW-2', 'TL-1'] }, async () => {
    const greet = {
      name: 'greet',
      schema: z.object({ who: z.string() }),
      run: ({ who }: { who: string }) => `hi ${who}`,
    }
    await using codemode = await clientWith(greet)
    const greetings = await codemode.executeAsync(`Promise.all(['Ada', 'Bob'].map((who) => tools.greet({ who })))`)
    expect(greetings).toEqual(['hi Ada', 'hi Bob'])
  })

  test('do not run with an input that their schema refuses, which the code can catch', { tags: ['FW-2'] }, async () => {
    const run = vi.fn<Definition['run']>(() => 'ran')
    await using codemode = await clientWith({ name: 'greet', schema: z.object({ who: z.string() }), run })
    const refused = await codemode.executeAsync(
      `const codes = []
       for (const input of [{ who: 7 }, {}, undefined, 'Ada']) {
         try { await tools.greet(input) } catch ({ code, message }) { codes.push(code, message.includes('input')) }
       }
       return codes`,
    )
    expect(refused).toEqual(Array.from({ length: 4 }, () => ['TOOL_INPUT_INVALID', true]).flat())
    expect(run).not.toHaveBeenCalled()
  })

  test('may be called without what their schema does not require', { tags: ['FW-2'] }, async () => {
    const schema = z.object({ optional: z.string().optional(), times: z.number().default(3) })
    await using codemode = await clientWith({ name: 'echo', schema, run: toText })
    const given = adapter.hidesDefaults === true ? '{ times: 3 }' : '{}'
    expect(await codemode.executeAsync(`tools.echo(${given})`)).toBe('{"times":3}')
  })

  test('parse their input once', { tags: ['FW-2'] }, async () => {
    const text = z.string().overwrite((text) => `${text}!`)
    const length = z.string().transform((text) => text.length)
    const isTransformed = adapter.takesTransforms === true
    const schema = z.object(isTransformed ? { text, length } : { text })
    await using codemode = await clientWith({ name: 'echo', schema, run: toText })
    const input = isTransformed ? { text: 'a', length: 'four' } : { text: 'a' }
    const output = isTransformed ? { text: 'a!', length: 4 } : { text: 'a!' }
    expect(await codemode.executeAsync('tools.echo(input)', { input })).toBe(JSON.stringify(output))
  })

  test('fail for the code when they throw', { tags: ['FW-2'] }, async () => {
    await using codemode = await clientWith({ name: 'pay', schema: z.object({}), run: refuse })
    const message = await codemode.executeAsync(`tools.pay({}).then(() => 'no error', (error) => error.message)`)
    expect(message).toContain(adapter.hidesErrors === true ? 'The tool pay failed' : 'the order is closed')
  })

  test('are cancelled with the execution', { tags: ['FW-2'] }, async () => {
    const called = Promise.withResolvers<AbortSignal>()
    const aborted = Promise.withResolvers<string>()
    const run = (_: unknown, signal: AbortSignal): Promise<string> => {
      signal.addEventListener('abort', () => aborted.resolve('aborted'))
      called.resolve(signal)
      return aborted.promise
    }
    await using codemode = await clientWith({ name: 'wait', schema: z.object({}), run })
    const controller = new AbortController()
    const running = codemode.run('tools.wait({})', { signal: controller.signal })
    expect((await called.promise).aborted).toBe(false)
    controller.abort()
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    expect(await aborted.promise).toBe('aborted')
  })

  test('have names by which code can call them', { tags: ['FW-2'] }, async () => {
    const schema = z.object({})
    const names = ['get-weather', 'get_weather', 'then', '2nd']
    await using codemode = await clientWith(...names.map((name) => ({ name, schema, run: () => name })))
    const called = await codemode.executeAsync(
      `Promise.all([tools.get_weather_2({}), tools.get_weather({}), tools.then_tool({}), tools._2nd({})])`,
    )
    // OpenAI's `tool()` itself replaces the characters, so its first tool has the name.
    expect(called).toEqual(expect.arrayContaining(names))
  })

  if (adapter.hasApprovals !== true) return
  test('wait for the approvals that they need', { tags: ['FW-2'] }, async () => {
    const definition = {
      name: 'pay',
      schema: z.object({ cents: z.number() }),
      needsApproval: ({ cents }: { cents: number }) => cents > 100,
      run: ({ cents }: { cents: number }) => `paid ${cents}`,
    }
    await using codemode = await clientWith(definition)
    const onApproval = vi.fn<() => { reject: string }>(() => ({ reject: 'too much' }))
    const outcomes = await codemode.executeAsync(
      `Promise.all([50, 200].map((cents) => tools.pay({ cents }).catch((error) => error.code)))`,
      { onApproval },
    )
    expect(outcomes).toEqual(['paid 50', 'TOOL_REJECTED'])
    expect(onApproval).toHaveBeenCalledOnce()
  })
})
