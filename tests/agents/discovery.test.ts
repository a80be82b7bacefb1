import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { tool } from '@codemode/client'
import { connect, transports } from '@codemode/testkit'

import { useCodemode } from '../support/suite.ts'
import { githubTools } from './catalogue.ts'
import { searchQueries } from './search-queries.ts'

const suite = useCodemode()

describe.each(transports)('over $transport, with 500 tools', ({ config }) => {
  test(
    '$search finds the right tool among the first five for 40 of 50 queries, and the code can call it',
    { tags: ['FW-3'] },
    async () => {
      await using codemode = connect(suite.executor, { ...config, tools: githubTools() })
      const code = `
        const found = await Promise.all(input.map((query) => tools.$search(query)))
        const [first] = await tools.$search('render a Markdown document', { limit: 1 })
        return {
          found: found.map((list) => list.map(({ name }) => name)),
          first,
          count: (await tools.$list()).length,
          emojis: await tools.$list('emojis'),
          described: await tools.$describe('issues.create'),
          called: await tools[first.name]({ text: '*' }),
        }`
      const result = await codemode.run<Found>(code, { input: searchQueries.map(([query]) => query) })
      if (!result.success) throw new Error(JSON.stringify(result))
      const { found, ...rest } = result.result
      const right = searchQueries.filter(([, ...right], i) => found[i]!.some((name) => right.includes(name)))
      expect(right.length).toBeGreaterThanOrEqual(40)
      expect(Math.max(...found.map((names) => names.length))).toBe(5)
      expect(rest).toMatchObject({
        first: {
          name: 'markdown.render',
          description: 'Render a Markdown document.',
          declaration: expect.stringMatching(/^tools\.markdown\.render\(input: \{/) as string,
        },
        count: 500,
        emojis: ['emojis.get'],
        described: expect.stringContaining('declare const tools: {\n  issues: {') as string,
        called: { text: '*', mode: 'markdown' },
      })
      expect(result.toolCalls).toHaveLength(searchQueries.length + 5)
    },
  )
})

interface Found {
  readonly found: readonly (readonly string[])[]
}

const send = tool({
  description: 'Sends a message. It arrives at once.',
  inputSchema: z.object({ to: z.string().describe('Receiver') }),
  execute: () => 'sent',
})

describe.each(transports)('over $transport', ({ config }) => {
  test('discovery knows the tools that the execution may call, and no others', { tags: ['FW-3', 'TL-3'] }, async () => {
    await using codemode = connect(suite.executor, { ...config, tools: { send, 'secret.send': send } })
    const code = `
      const errorOf = (name) => tools.$describe(name).catch(({ code, message }) => [code, message])
      const failed = await Promise.all(['secret.send', 'post', 'chat'].map(errorOf))
      return [await tools.$list(), (await tools.$search('send a message')).map(({ name }) => name), failed]`
    const view = codemode.withTools({ 'chat.post': send })
    expect(await view.executeAsync(code, { availableTools: ['send', 'chat.post'] })).toEqual([
      ['chat.post', 'send'],
      ['send', 'chat.post'],
      [
        ['NOT_FOUND', "There is no tool secret.send. tools.$search('words') finds tools."],
        ['NOT_FOUND', 'There is no tool post. Did you mean chat.post?'],
        ['NOT_FOUND', "There is no tool chat. It is a namespace: tools.$list('chat') returns its names."],
      ],
    ])
  })
})

test(
  'discovery takes several arguments or one object, and says what is wrong with others',
  { tags: ['FW-3'] },
  async () => {
    await using codemode = connect(suite.executor, { tools: { send } })
    const code = `
    const errors = await Promise.allSettled([tools.$search(''), tools.$search('x', { limit: 99 }), tools.$describe(), tools.$list(1, 2), tools.send(1, 2)])
    return {
      same: JSON.stringify(await tools.$search({ query: 'message', limit: 1 })) === JSON.stringify(await tools.$search('message', { limit: 1 })),
      described: await Promise.all(['send'].map(tools.$describe)),
      listed: await tools.$describe(['send', 'tools.send']),
      keys: [Object.keys(tools), '$search' in tools, typeof tools.$other],
      errors: errors.map(({ status, reason }) => status === 'rejected' ? reason.code : status),
    }`
    const declared = `declare const tools: {
  /** Sends a message. It arrives at once. */
  send(input: {
    /** Receiver */
    to: string
  }): Promise<unknown>
}`
    expect(await codemode.executeAsync(code)).toEqual({
      same: true,
      described: [declared],
      listed: declared,
      keys: [['send'], true, 'undefined'],
      errors: [
        'TOOL_INPUT_INVALID',
        'TOOL_INPUT_INVALID',
        'TOOL_INPUT_INVALID',
        'TOOL_INPUT_INVALID',
        'TOOL_INPUT_INVALID',
      ],
    })
  },
)

test('an execution without tools has no discovery, and a step of a session has it', { tags: ['FW-3'] }, async () => {
  await using codemode = connect(suite.executor, { tools: { send } })
  expect(await codemode.executeAsync('return typeof tools.$search', { availableTools: [] })).toBe('undefined')
  await using session = await codemode.session()
  expect(await session.run('const names = await tools.$list(); names')).toEqual(['send'])
})
