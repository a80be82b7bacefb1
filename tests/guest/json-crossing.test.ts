/** Tests the JSON rule of docs/values.md: every case of the table at every boundary that JSON crosses. */
import { expect, test } from 'vitest'

import { ExecutorClient, withCache } from '@codemode/client'
import { maxJsonNesting, type Json } from '@codemode/shared'

import { acceptedCases, refusedCases, valueOf, type AcceptedCase, type RefusedCase } from '../support/json-cases.ts'
import { apiKey } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

type Case = AcceptedCase | RefusedCase

const suite = useCodemode({
  client: {
    tools: {
      json: (input: unknown) => JSON.stringify(input),
      made: (each: Case) => valueOf(each),
    },
  },
})

const inGuest = <Each extends Case>(cases: readonly Each[]): Each[] => cases.filter(({ place }) => place !== 'host')
const onHost = <Each extends Case>(cases: readonly Each[]): Each[] => cases.filter(({ place }) => place !== 'guest')

const messageOf = ({ path, reason, hint }: RefusedCase, root: string): string => `${root}${path} ${reason}. ${hint}`

test.each(inGuest(acceptedCases))(
  'the result $source arrives as $json',
  { tags: ['EX-1'] },
  async ({ source, json }) => {
    expect(JSON.stringify(await suite.codemode.executeAsync(`return (${source})`))).toBe(json)
  },
)

test.each(inGuest(refusedCases))('the result $source is refused: $path $reason', { tags: ['EX-1'] }, async (each) => {
  const result = await suite.codemode.run(`return (${each.source})`)
  const place = each.path === '' ? '' : ` at ${each.path}`
  expect(result).toMatchObject({
    success: false,
    error: {
      code: 'RESULT_NOT_SERIALIZABLE',
      name: 'TypeError',
      message: `The result${place} ${each.reason}`,
      hint: each.hint,
      details: { path: each.path },
    },
  })
})

/** Calls a tool with each value, and returns the outcome of each. */
async function calledWith(cases: readonly Case[]): Promise<string[]> {
  const makers = cases.map(({ source }) => `() => (${source})`).join(',\n')
  return suite.codemode.executeAsync(`
    const outcomes = []
    for (const make of [${makers}]) {
      outcomes.push(await tools.json(make()).catch((error) => error.code + ': ' + error.message))
    }
    return outcomes`)
}

test('a tool receives the input of every accepted case as the same JSON', { tags: ['TL-2', 'GU-1'] }, async () => {
  // Without an input, or with undefined, a tool gets an empty object.
  const cases = inGuest(acceptedCases).filter(({ source }) => source !== 'undefined')
  const outcomes = await calledWith(cases)
  expect(outcomes.map((json, i) => [cases[i]!.source, json])).toEqual(cases.map(({ source, json }) => [source, json]))
})

test(
  'a call with the input of a refused case rejects with the path, the reason and the hint',
  { tags: ['TL-2', 'GU-1'] },
  async () => {
    const cases = inGuest(refusedCases)
    expect(await calledWith(cases)).toEqual(
      cases.map((each) => `TOOL_INPUT_INVALID: The input of json cannot be sent: ${messageOf(each, 'input')}`),
    )
  },
)

/** Calls a tool that returns each value, and returns the outcome of each call. */
async function calledFor(cases: readonly Case[]): Promise<string[]> {
  return suite.codemode.executeAsync(
    `const outcomes = []
     for (const source of input) {
       outcomes.push(await tools.made({ source }).then(JSON.stringify, (error) => error.code + ': ' + error.message))
     }
     return outcomes`,
    { input: cases.map(({ source }) => source) },
  )
}

test('the code receives the output of every accepted case as the same JSON', { tags: ['TL-2'] }, async () => {
  const cases = onHost(acceptedCases)
  const outcomes = await calledFor(cases)
  expect(outcomes.map((json, i) => [cases[i]!.source, json])).toEqual(cases.map(({ source, json }) => [source, json]))
})

test(
  'a call whose tool returns a refused case rejects with the path, the reason and the hint',
  { tags: ['TL-2'] },
  async () => {
    const cases = onHost(refusedCases)
    expect(await calledFor(cases)).toEqual(
      cases.map((each) => `TOOL_OUTPUT_INVALID: The output of made cannot be sent: ${messageOf(each, 'output')}`),
    )
  },
)

test('input, context and config are serialised in the same way', { tags: ['GU-1'] }, async () => {
  // The values are already nested some levels deep in these options.
  const cases = onHost(acceptedCases).filter(({ json }) => json.length < maxJsonNesting)
  const values = () => cases.map((each) => ({ value: valueOf(each) as Json }))
  const code = `
    return [input, context.list, config.list].map((list) => list.map(({ value }) => JSON.stringify(value ?? null)))`
  const options = { input: values(), context: { list: values() }, config: { list: values() } }
  const json = cases.map((each) => each.json)
  expect(await suite.codemode.executeAsync(code, options)).toEqual([json, json, json])
})

const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as Json

test('values may be nested to the limit in input, context and config', { tags: ['GU-1'] }, async () => {
  const options = {
    input: deep(maxJsonNesting),
    context: { at: deep(maxJsonNesting - 1) },
    config: { at: deep(maxJsonNesting - 1) },
  }
  const code = 'return [input, context, config].map((value) => JSON.stringify(value).length)'
  expect(await suite.codemode.executeAsync(code, options)).toEqual([2_000, 2_005, 2_005])
})

test.each(onHost(refusedCases))(
  'the client refuses the option input $source before it sends',
  { tags: ['GU-1'] },
  async (each) => {
    const input = valueOf(each) as Json
    await expect(suite.codemode.executeAsync('return 1', { input })).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(messageOf(each, 'input')) as string,
    })
  },
)

test(
  'a standalone or composed executor refuses the same values as the client before it sends',
  { tags: ['GU-1'] },
  async () => {
    const options = { executorUrl: suite.executor.url, executorApiKey: apiKey }
    await using executor = new ExecutorClient(options)
    const refusal = { name: 'ConfigurationError', message: expect.stringContaining('input.at is a Map') as string }
    const wrong = { code: 'return input', input: { at: new Map() } as never }
    const date = { code: 'return input', input: { at: new Date(0) } as never }
    for (const each of [executor, withCache(executor)]) {
      const call = { callTool: () => Promise.reject(new Error('it has no tools')) }
      await expect(each.run(wrong, call)).rejects.toMatchObject(refusal)
      expect(await each.run(date, call)).toMatchObject({ success: true, result: { at: '1970-01-01T00:00:00.000Z' } })
    }
  },
)

test.each(['context', 'config'])(
  'the client refuses the option %s with the path to a value that is not JSON',
  { tags: ['GU-1'] },
  async (name) => {
    const value = { at: [new Map()] as never }
    await expect(suite.codemode.executeAsync('return 1', { [name]: value })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(
        `${name}.at[0] is a Map, which JSON cannot hold. Use Object.fromEntries`,
      ) as string,
    })
    await expect(
      suite.codemode.executeAsync('return 1', { [name]: { toJSON: () => [1] } as never }),
    ).rejects.toMatchObject({ name: 'ConfigurationError', message: expect.stringContaining('an array') as string })
  },
)
