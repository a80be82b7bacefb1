import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { promisify } from 'node:util'

import { Codemode, type ClientConfig, type ExecuteOptions, type ExecutionError } from '@codemode/client'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { type ExecutorProcess, packageFlags, startExecutorProcess } from '@codemode/testkit'

const run = promisify(execFile)

let executor: ExecutorProcess
const folder = mkdtempSync(join(tmpdir(), 'codemode-'))
beforeAll(async () => {
  executor = await startExecutorProcess()
})
afterAll(async () => {
  await executor[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

function connect(config: Partial<ClientConfig> = {}): Codemode {
  return Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: executor.apiKey, ...config })
}

function moduleOf(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

function thrownBy(work: () => unknown): unknown {
  try {
    return { returned: work() }
  } catch (error) {
    return error
  }
}

/** Returns the fields of an error that do not vary between executions. */
function comparable(error: unknown) {
  const { executionId: _, correlationId: __, logs, toolCalls, usage: ___, ...fields } = error as Record<string, unknown>
  const cause = (error as Error).cause
  const { name, constructor } = error as Error
  // Both measure their own CPU time.
  const message = (error as Error).message.replace(/used \d+ ms/, 'used some ms')
  if (typeof fields['details'] === 'object') fields['details'] = { ...fields['details'], usedMs: undefined }
  const lists = { logs: Array.isArray(logs) && logs.length, calls: Array.isArray(toolCalls) && toolCalls.length }
  return { constructor, name, message, cause: cause instanceof Error ? cause.constructor : cause, ...fields, ...lists }
}

test.each([
  ['2 + 2'],
  ['({ a: [1, "x", null, true], nested: { "__proto__": 1 } })'],
  ['undefined'],
  ['"ä".repeat(100_000)'],
  ['JSON.parse(\'{"__proto__": 1}\')'],
])('execute gives the same value as executeAsync for %s', { tags: ['EX-6'] }, async (code) => {
  await using codemode = connect()
  const value = codemode.execute(code)
  expect(value).toEqual(await codemode.executeAsync(code))
  expect(JSON.stringify(value)).toBe(JSON.stringify(await codemode.executeAsync(code)))
})

test.each<[string, ExecuteOptions, Partial<ClientConfig>]>([
  ['console.log(1); null.x', {}, {}],
  ['syntax error', {}, {}],
  ['for (;;) {}', { cpuTimeoutMs: 100 }, {}],
  ['await sleep(60_000)', { executionTimeoutMs: 100 }, {}],
  ['await sleep(60_000)', {}, { requestTimeoutMs: 1_500 }],
  ['new Map()', {}, {}],
  ['2', { availableTools: ['nothing'] }, {}],
  ['2', { executionTimeoutMs: -1 }, {}],
  ['2', { timeout: 1 } as never, {}],
  ['2', { input: new Map() as never }, {}],
  ['2', { input: () => 1 }, {}],
  [7 as never, {}, {}],
  ['2', {}, { executorApiKey: 'a-wrong-key' }],
  ['2', {}, { executorUrl: 'http://127.0.0.1:1', retry: { maxAttempts: 2, backoffBaseMs: 1 } }],
  ['2', { executionTimeoutMs: 86_400_000 }, {}],
])(
  'execute throws for %j with %j and %j the same error as executeAsync',
  { tags: ['EX-6'] },
  async (code, options, config) => {
    await using codemode = connect(config)
    const sync = thrownBy(() => codemode.execute(code, options))
    const async: unknown = await codemode.executeAsync(code, options).catch((error: unknown) => error)
    expect(sync).toBeInstanceOf(Error)
    expect(comparable(sync)).toEqual(comparable(async))
  },
)

test('execute refuses code that is too long like executeAsync', { tags: ['EX-6'] }, async () => {
  await using codemode = connect()
  const code = 'x'.repeat(300_000)
  const async: unknown = await codemode.executeAsync(code).catch((error: unknown) => error)
  expect(comparable(thrownBy(() => codemode.execute(code)))).toEqual(comparable(async))
})

test('stats() counts the executions of execute', { tags: ['EX-6', 'CL-3'] }, async () => {
  await using codemode = connect()
  codemode.execute('1')
  thrownBy(() => codemode.execute('null.x'))
  expect(codemode.stats()).toMatchObject({ total: 2, running: 0, pending: 0, successful: 1, failed: 1 })
})

test('execute passes on the input, the config, and the context of its view', { tags: ['EX-6'] }, async () => {
  await using codemode = connect({ correlationIdPrefix: 'sync' })
  const options = { input: { at: new Date(0) as never }, config: { units: 'metric' }, context: { role: 'user' } }
  const view = codemode.withContext({ clientId: 'c1', role: 'admin' })
  expect(view.execute('({ input, context, config })', options)).toEqual({
    input: { at: '1970-01-01T00:00:00.000Z' },
    config: { units: 'metric' },
    context: { clientId: 'c1', role: 'user' },
  })
  expect(codemode.execute('context')).toEqual({})
  expect(thrownBy(() => codemode.execute('null.x'))).toMatchObject({
    correlationId: expect.stringMatching(/^sync/) as string,
  })
})

test(
  'execute refuses tools of the calling event loop with the corrected code, and accepts others',
  { tags: ['EX-6'] },
  async () => {
    const toolsModule = moduleOf('tools.mjs', 'export default { "a.double": ({ n }, { context }) => [2 * n, context] }')
    await using codemode = connect({ toolsModule, tools: { half: () => 1 } })
    for (const options of [{}, { availableTools: ['half'] }]) {
      const error = thrownBy(() => codemode.execute('1', options)) as Error
      expect(error).toMatchObject({ name: 'ConfigurationError' })
      expect(error.message).toMatch(
        /handlers of these tools would have to run: half\.[^]*await codemode.executeAsync\(code\)[^]*toolsModule/,
      )
    }
    expect(codemode.execute('1', { availableTools: [] })).toBe(1)
    const options = { availableTools: ['a.double'], context: { id: 7 } }
    expect(codemode.execute('await tools.a.double({ n: 21 })', options)).toEqual([42, { id: 7 }])
    expect(await codemode.executeAsync('await tools.a.double({ n: 21 })', options)).toEqual([42, { id: 7 }])
    expect(codemode.execute('await tools.a.double({ n: 21 })', options)).toEqual([42, { id: 7 }])
  },
)

test(
  'execute refuses a tool that was registered over one of the module, and does not call that one',
  { tags: ['EX-6'] },
  async () => {
    const toolsModule = moduleOf('covered.mjs', 'export default { who: () => "module" }')
    await using codemode = connect({ toolsModule })
    expect(await codemode.executeAsync('tools.who()')).toBe('module')
    codemode.registerTool('who', () => 'over it', { overwrite: true })
    expect((thrownBy(() => codemode.execute('tools.who()')) as Error).message).toContain(
      'handlers of these tools would have to run: who.',
    )
  },
)

test('execute uses the tools of a module in a client with a tool server', { tags: ['EX-6'] }, async () => {
  const toolsModule = moduleOf('two.mjs', 'export const tools = { two: () => 2 }')
  await using codemode = connect({ toolsModule, toolServer: { port: 0 } })
  expect(await codemode.executeAsync('await tools.two()')).toBe(2)
  expect(codemode.execute('await tools.two()')).toBe(2)
})

test('execute refuses to block an event loop that has work to do', { tags: ['EX-6'] }, async () => {
  const corrected = /would block[^]*await codemode.executeAsync\(code/
  await using codemode = connect()
  const running = codemode.executeAsync('await sleep(10); return 3')
  expect(() => codemode.execute('1')).toThrow(corrected)
  expect(await running).toBe(3)
  expect(codemode.execute('1')).toBe(1)
  const server = createServer().listen(0)
  await once(server, 'listening')
  expect(() => codemode.execute('1')).toThrow(corrected)
  server.close()
  await once(server, 'close')
  await using composed = Codemode.fromClientConfig({
    executor: { run: () => Promise.reject(), [Symbol.asyncDispose]: async () => {} },
  })
  expect(() => composed.execute('1')).toThrow(/needs the event loop, which execute\(\) blocks[^]*executeAsync/)
})

test('an aborted signal cancels, and execute refuses any other signal', { tags: ['EX-6'] }, async () => {
  await using codemode = connect()
  const signal = AbortSignal.abort(new Error('enough'))
  const error = thrownBy(() => codemode.execute('1', { signal }))
  expect(comparable(error)).toEqual(comparable(await codemode.executeAsync('1', { signal }).catch((e: unknown) => e)))
  expect(error).toMatchObject({ name: 'AbortError', code: 'CANCELLED' })
  expect(() => codemode.execute('1', { signal: new AbortController().signal })).toThrow(
    'executeAsync(code, { signal })',
  )
})

test('execute and executeAsync report a broken tools module in the same way', { tags: ['EX-6'] }, async () => {
  await using codemode = connect({ toolsModule: moduleOf('wrong.mjs', 'export default 5') })
  const error = thrownBy(() => codemode.execute('1'))
  expect(comparable(error)).toEqual(comparable(await codemode.executeAsync('1').catch((e: unknown) => e)))
  await using broken = connect({ toolsModule: moduleOf('broken.mjs', 'export default {') })
  expect(thrownBy(() => broken.execute('1'))).toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining('SyntaxError') as string,
    cause: expect.any(SyntaxError) as Error,
  })
})

test.each([
  ['process.exit(3)', { message: expect.stringContaining('exited with code 3') as string }],
  ['setImmediate(() => { throw new TypeError("late") })', { cause: new TypeError('late') }],
])(
  'a thread that ends by %s is an error, and the next call starts another one',
  { tags: ['EX-6'] },
  async (text, expected) => {
    const once = join(folder, `once-${text.length}`)
    const toolsModule = moduleOf(
      `crash-${text.length}.mjs`,
      `import { existsSync, writeFileSync } from 'node:fs'
    if (!existsSync('${once}')) {
      writeFileSync('${once}', '')
      ${text}
      await new Promise(() => {})
    }
    export default {}`,
    )
    await using codemode = connect({ toolsModule })
    expect(thrownBy(() => codemode.execute('1'))).toMatchObject({
      ambiguous: true,
      code: 'OUTCOME_AMBIGUOUS',
      ...expected,
    })
    expect(codemode.execute('1')).toBe(1)
  },
)

test.each([
  ['--input-type=module', '--eval'],
  ['--max-old-space-size=200', '--no-warnings', '--input-type', 'module', '--eval'],
  ['--max-old-space-size=200', '--expose-gc', '--eval'],
])('a script run with %s gets its value and ends without closing the client', { tags: ['EX-6'] }, async (...flags) => {
  const script = `
      import { Codemode } from '@codemode/client'
      console.log(Codemode.fromEnv().execute('2 + 2'))`
  const variables = { CODEMODE_EXECUTOR_URL: executor.url, CODEMODE_EXECUTOR_API_KEY: executor.apiKey }
  const options = { env: { PATH: env['PATH'], ...variables } }
  const { stdout } = await run(execPath, [...packageFlags, ...flags, script], options)
  expect(stdout).toBe('4\n')
})

test('execute of a closed client throws an error that says so', { tags: ['EX-6'] }, async () => {
  const codemode = connect()
  expect(codemode.execute('1')).toBe(1)
  await codemode.close()
  expect(() => codemode.execute('1')).toThrow('closed')
})

test(
  'execute throws the errors of its handlers, with causes, inner errors and stacks',
  { tags: ['EX-6', 'EX-8'] },
  async () => {
    const toolsModule = moduleOf(
      'throwing.mjs',
      `export const tools = {
      one: () => { throw new TypeError('one is out', { cause: Object.assign(new Error('why'), { code: 'E_WHY' }) }) },
      two: () => Promise.reject({ status: 500 }),
    }`,
    )
    await using codemode = connect({ toolsModule })
    const { cause } = thrownBy(() => codemode.execute('await tools.one()')) as { cause: Error }
    expect(cause).toBeInstanceOf(TypeError)
    expect(cause).toMatchObject({ message: 'one is out', stack: expect.stringContaining('throwing.mjs:2:') })
    expect(cause.cause).toMatchObject({ message: 'why', code: 'E_WHY' })
    const failed = thrownBy(() => codemode.execute('await Promise.any([tools.one(), tools.two()])')) as ExecutionError
    expect(failed.errors).toMatchObject([{ tool: 'one', message: 'one is out' }, { tool: 'two' }])
    expect(failed.errors![1]!.cause).toEqual({ status: 500 })
  },
)
