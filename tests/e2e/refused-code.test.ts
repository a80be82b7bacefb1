import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { describe, expect, test } from 'vitest'

import { api, connect, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

const limitBytes = 256 * 1024

test('the client refuses code that is too long before it sends anything', { tags: ['EX-7'] }, async () => {
  let connections = 0
  const server = createServer(() => (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await using client = connect({ url }, { retry: false })
  const sizeBytes = limitBytes + 1
  const tooLong = { code: 'PAYLOAD_TOO_LARGE', details: { sizeBytes, limitBytes } }
  await expect(client.executeAsync(' '.repeat(sizeBytes))).rejects.toMatchObject(tooLong)
  await expect(client.submit(' '.repeat(sizeBytes))).rejects.toMatchObject(tooLong)
  expect(connections).toBe(0)
  await new Promise((resolve) => server.close(resolve))
})

test(
  'the length of code is counted in bytes of UTF-8, and code of exactly the limit is accepted',
  { tags: ['EX-7'] },
  async () => {
    const start = 'return 1 //'
    const allowed = start + 'é'.repeat((limitBytes - start.length - 1) / 2) + '!'
    expect(Buffer.byteLength(allowed)).toBe(limitBytes)
    expect(await suite.codemode.executeAsync(allowed)).toBe(1)
    const tooLong = { code: 'PAYLOAD_TOO_LARGE', details: { sizeBytes: limitBytes + 1, limitBytes } }
    await expect(suite.codemode.executeAsync(`${allowed}!`)).rejects.toMatchObject(tooLong)
  },
)

test('the executor refuses code that is too long before it admits the execution', { tags: ['EX-7'] }, async () => {
  const id = 'exe_019a3f0e-0000-7000-8000-000000000007'
  const { status, body } = await api(suite.executor, '/v1/executions', {
    body: { id, code: ' '.repeat(limitBytes + 1) },
  })
  expect(status).toBe(413)
  expect(body.error).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', retryable: false, ambiguous: false })
  expect(body.error.details).toMatchObject({ path: 'code', sizeBytes: limitBytes + 1, limitBytes })
  expect(await api(suite.executor, `/v1/executions/${id}`)).toMatchObject({ status: 404 })
})

test.each([
  ['return 1 +', 1, 11],
  ['const a = 1\nconst b = = 2', 2, 11],
  ['const a: number = 1\nconst b: = 2', 2, 10],
  ['```js\nconst a = 1\nlet a = 2\n```', 3, 5],
  ['for (const x of [1]) {\n', 2, 1],
  ['const a = 1\nimport x from "y"', 2, 1],
])('a syntax error has its line and its column: %j', { tags: ['EX-7'] }, async (code, line, column) => {
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({
    success: false,
    error: {
      code: 'SYNTAX_ERROR',
      name: 'SyntaxError',
      message: expect.stringContaining(`(line ${line}, column ${column})`),
      details: { line, column },
    },
    logs: [],
    toolCalls: [],
  })
})

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('code with a syntax error in its last line does not run at all', { tags: ['EX-7'] }, async () => {
    let calls = 0
    await using client = connect(suite.executor, { ...config, tools: { count: () => (calls += 1) } })
    const failed = client.executeAsync('console.log("ran")\nawait tools.count({})\nreturn (')
    await expect(failed).rejects.toMatchObject({ code: 'SYNTAX_ERROR', logs: [], toolCalls: [] })
    expect(calls).toBe(0)
  })
})

test('a SyntaxError that the code throws while it runs is a GUEST_ERROR', { tags: ['EX-7'] }, async () => {
  const result = await suite.codemode.run('console.log("ran")\nJSON.parse("{")')
  expect(result).toMatchObject({
    error: { code: 'GUEST_ERROR', name: 'SyntaxError', guestStack: expect.stringContaining('code:2:') },
    logs: [{ text: 'ran' }],
  })
})
