import { expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import { CancelledError } from '../errors/cancelled-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { MockExecutor } from '../executors/mock-executor.ts'

const executor = new MockExecutor({
  responses: [
    { code: 'fails', error: { message: 'no' } },
    { code: 'unreachable', reject: new ExecutorClientError('CONNECTION_FAILED', 'no executor') },
    { code: 'calls', result: (_request, callTool) => callTool('user') },
    { code: 'context', result: ({ context }) => context ?? null },
  ],
  defaultResult: 42,
})
const codemode = Codemode.fromClientConfig({ executor, tools: { user: () => 'nobody', admin: () => 1 } })

test('asTool gives a tool whose description fits every endpoint, and names the tools while they fit', () => {
  const { name, description, inputSchema } = codemode.asTool()
  expect({ name, inputSchema }).toMatchObject({ name: 'run_code', inputSchema: { required: ['code'] } })
  expect(description).toContain('Tools: admin, user')
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`tool_${i}`, () => i]))
  const large = codemode.withTools(many).asTool().description
  expect(large).toContain('There are 502 tools.')
  expect(large.length).toBeLessThanOrEqual(1_000)
  const limited = codemode.asTool({ execution: { availableTools: ['user'] } })
  expect(limited.description).toContain('Tools: user')
  expect(codemode.asTool({ execution: { availableTools: [] } }).description).toContain('There are no tools.')
})

test('execute gives a text, also if the code failed, is missing or is too long; run gives the result', async () => {
  const { execute, run } = codemode.asTool({ maxChars: 1_000 })
  expect(await execute({ code: 'return 42' })).toBe('The code completed.\n\nValue:\n42')
  expect(await execute({ code: 'fails' })).toContain('The code failed with GUEST_ERROR.')
  expect(await execute({} as { code: string })).toContain('run_code takes an object with one field, code')
  expect(await execute({ code: ' '.repeat(300_000) })).toContain('The code failed with PAYLOAD_TOO_LARGE.')
  expect(await run({ code: 'return 42' })).toMatchObject({ success: true, result: 42 })
  expect(await execute('{"code":"return 42"}')).toContain('Value:\n42')
  for (const text of ['```js\nreturn 42\n```', '', 'null', '{"code":7}'])
    expect(await execute(text)).toContain('run_code takes an object with one field, code')
})

test('execute rejects if the request failed, and with an AbortError if the signal aborts', async () => {
  const { execute } = codemode.asTool()
  await expect(execute({ code: 'unreachable' })).rejects.toMatchObject({ code: 'CONNECTION_FAILED' })
  await expect(execute({ code: '1' }, { signal: AbortSignal.abort() })).rejects.toThrow(CancelledError)
})

test('the tool of a view runs code with the tools and the context of the view', async () => {
  const view = codemode.withTools({ user: () => 'ada' }).withContext({ tenant: 't1' })
  expect(await view.asTool().run({ code: 'calls' })).toMatchObject({ result: 'ada' })
  expect(await codemode.asTool().run({ code: 'calls' })).toMatchObject({ result: 'nobody' })
  const result = await view
    .asTool({ execution: { context: { chat: 1 } } })
    .run({ code: 'context' }, { context: { turn: 2 } })
  expect(result).toMatchObject({ result: { tenant: 't1', chat: 1, turn: 2 } })
})

test('a call of a framework with more than it may set changes nothing else', async () => {
  const call = { availableTools: ['nope'], toolCallId: '1', messages: [] }
  expect(await codemode.asTool().run({ code: 'return 42' }, call as object)).toMatchObject({ success: true })
})

test.each([
  [{ maxChars: 10 }, 'the option maxChars is 10;'],
  [{ maxLength: 9_000 }, 'There is no option maxLength'],
  [{ name: 'run code' }, 'only letters, digits, _ and -'],
  [{ declarations: 'prompt' }, 'the option declarations'],
  [{ execution: { timeoutMs: 10 } }, 'There is no option execution.timeoutMs; did you mean executionTimeoutMs?'],
  [{ execution: { availableTools: ['usr'] } }, "Did you mean 'user'?"],
])('asTool refuses %j before a model can call the tool', (options, message) => {
  expect(() => codemode.asTool(options as object)).toThrow(message)
})

test('_run of the CrewAI-style tool says what keeps code from running, and what input it takes', () => {
  const { _run } = codemode.asCrewaiTool()
  for (const input of [undefined, {}, 'return 1'])
    expect(_run(input as never)).toContain('run_code takes an object with one field, code')
  expect(_run({ code: 'return 1' })).toMatch(/^The code was not run. [^]*Instead:/)
})
