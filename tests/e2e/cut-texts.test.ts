import { describe, expect, test } from 'vitest'

import { ToolError } from '@codemode/client'

import { api, connect, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

/**
 * Returns an expression for text of surrogate pairs, with one character before them, so that a cut at an even position
 * splits a pair.
 */
const pairs = (length: number): string => `'x' + '😀'.repeat(${length})`

/** Returns every string in a value, at any depth. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [key, ...textsIn(item)])
}

test.each([
  ['a message', `throw new Error(${pairs(20_000)})`],
  ['a name', `throw Object.assign(new Error('m'), { name: ${pairs(500)} })`],
  ['a stack', `const e = new Error('m'); e.stack = ${pairs(20_000)}; throw e`],
  ['a thrown text', `throw ${pairs(20_000)}`],
  ['a path in the result', `return { [${pairs(5_000)}]: 1n }`],
  ['a name of a tool', `await tools[${pairs(5_000)}]()`],
  ['a cause', `throw new Error('m', { cause: new Error(${pairs(5_000)}) })`],
  ['inner errors', `throw new AggregateError(Array(64).fill(new Error(${pairs(1_000)})), 'm')`],
  ['a long string in the console', `console.log([${pairs(8_000)}])`],
  ['a long value in the console', `console.log(Array(90).fill(${pairs(200)}))`],
  ['the console at its limit', `for (let i = 0; i < 5; i++) console.log('-'.repeat(i) + ${pairs(8_000)})`],
])('the cut of %s splits no surrogate pair', { tags: ['GU-1', 'EX-8'] }, async (_what, code) => {
  const { result: _value, ...told } = (await suite.codemode.run(code)) as { result?: unknown }
  const texts = textsIn(told)
  expect(texts.join('')).toContain('😀')
  expect(texts.filter((text) => !text.isWellFormed())).toEqual([])
})

test(
  'texts within the limits are kept exactly as the code made them, with unpaired surrogates',
  { tags: ['GU-1'] },
  async () => {
    const code = `console.log('a\\ud800'); return ['\\ud83d', '\\ude00\\ud83d', '😀', { '\\udc00': 'x'.repeat(2_000) + '\\ud800' }]`
    const result = await suite.codemode.run(code)
    expect(result).toMatchObject({
      success: true,
      result: ['\ud83d', '\ude00\ud83d', '😀', { '\udc00': `${'x'.repeat(2_000)}\ud800` }],
      logs: [{ text: 'a\ud800' }],
    })
  },
)

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('the cuts of a failure split no surrogate pair', { tags: ['TL-2'] }, async () => {
    const long = `x${'😀'.repeat(1_100_000)}`
    const tools = {
      error: () => Promise.reject(Object.assign(new Error(long), { name: long, code: long })),
      chosen: () => Promise.reject(new ToolError('short', { code: long, data: long })),
      cause: () => Promise.reject(new Error('m', { cause: long })),
      value: () => Promise.reject(Object.assign(Object.create(null), { long })),
    }
    await using client = connect(suite.executor, { ...config, tools })
    const caught = await client.executeAsync(`
      const names = ['error', 'chosen', 'cause', 'value']
      const errors = await Promise.all(names.map((name) => tools[name]().catch((error) => error)))
      const texts = errors.flatMap(({ message, code, cause }) => [message, code, cause?.message ?? ''])
      return { cut: texts.filter((text) => text.length > 200).length, split: texts.filter((text) => !text.isWellFormed()) }`)
    expect(caught).toEqual({ cut: 5, split: [] })
  })

  test('a reason above the limit of a request is cut between characters', { tags: ['EX-9'] }, async () => {
    const entered = Promise.withResolvers<void>()
    const wait = (): Promise<never> => {
      entered.resolve()
      return new Promise(() => {})
    }
    await using client = connect(suite.executor, { ...config, tools: { wait } })
    const execution = await client.submit('await tools.wait()')
    await entered.promise
    await execution.cancel(`x${'😀'.repeat(2_000)}`)
    const result = await execution.wait()
    expect(result).toMatchObject({
      success: false,
      error: { code: 'CANCELLED', message: expect.stringContaining('😀') },
    })
    expect(textsIn(result).filter((text) => !text.isWellFormed())).toEqual([])
  })
})

test('an error cuts the texts that it repeats of a request between characters', { tags: ['GU-1'] }, async () => {
  const long = `x${'😀'.repeat(200)}`
  const answers = await Promise.all([
    api(suite.executor, '/v1/executions', { body: { code: '1', [long]: 1 } }),
    api(suite.executor, `/v1/executions/${encodeURIComponent(long)}`),
  ])
  for (const { status, body } of answers) {
    expect(status).toBeGreaterThanOrEqual(400)
    expect(textsIn(body).filter((text) => !text.isWellFormed())).toEqual([])
  }
})
