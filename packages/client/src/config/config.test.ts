import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'

import { namesAt, variableOf } from '@codemode/shared/internal'
import { expect, test, vi } from 'vitest'

import { Codemode } from '../codemode.ts'
import type { Executor } from '../executor.ts'
import { ExecutorClient } from '../protocol/executor-client.ts'
import { configurationErrorMessage } from '../testing/configuration-error-message.ts'
import { fieldsAt } from './examples.ts'
import { configFromCode, configFromEnv } from './env.ts'
import { textOptions } from './options.ts'
import { composedSchema, connectedSchema } from './schema.ts'

const valid = { executorUrl: 'http://localhost:8001', executorApiKey: 'key-0123456789' }

test('a configuration needs two fields only', () => {
  expect(configFromCode(valid)).toMatchObject({ ...valid, connectTimeoutMs: 5_000 })
})

test.each([
  [{ executorApiKey: undefined }, ['executorApiKey: is missing', 'executorApiKey: process.env']],
  [
    { executorUrl: 'localhost:8001' },
    ['executorUrl: must be a URL with http: or https:, such as http://localhost:8001'],
  ],
  [{ executorUrl: '10.0.0.1:8101/?token=secret-1' }, ["executorUrl: 'http://localhost:8001'"]],
  [{ executorUrl: '10.0.0.1:8101' }, ["executorUrl: 'http://10.0.0.1:8101'"]],
  [
    { executorUrl: 'http://me:secret-1@host:1', executorApiKey: undefined },
    ['credentials', 'executorApiKey: is missing'],
  ],
  [{ executorUrl: 'http://host:81', executorApiKey: undefined }, ["executorUrl: 'http://host:81'"]],
  [{ executorUrl: new URL('ws://localhost') }, ['executorUrl: must be a URL with http:']],
  [{ executorUrl: 'localhost' }, ['executorUrl:', "executorUrl: 'http://localhost:8001'"]],
  [{ executorUrl: 'http://me:secret-1@host' }, ['credentials']],
  [{ executorUrl: 'http://me:secret-1@host/v1' }, ['credentials']],
  [{ executorUrl: 'http://host:81/v1' }, ['executorUrl: must not end with /v1', "executorUrl: 'http://host:81',"]],
  [{ executorUrl: 'https://host/a/v1//' }, ['must not end with /v1', "executorUrl: 'https://host/a',"]],
  [{ requestTimeout: 5 }, ['no option requestTimeout', 'did you mean requestTimeoutMs?', 'requestTimeoutMs: 45_000']],
  [{ retry: { maxAttempts: 0 } }, ['retry.maxAttempts is 0; the minimum is 1.', 'retry: { maxAttempts: 3 }']],
  [
    { retry: { maxAtempts: 2 } },
    ['no option retry.maxAtempts', 'did you mean maxAttempts?', 'retry: { maxAttempts: 3'],
  ],
  [{ retry: 5 }, ['retry (5): expected false, or expected object', 'maxAttempts: 3, backoffBaseMs: 100']],
  [{ retry: true }, ['retry (true): expected false']],
  [{ executorApiKey: 'secret-1\n' }, ['executorApiKey: must consist of visible ASCII']],
  [{ requestTimeoutMs: '5s' }, ['requestTimeoutMs: expected number, received string: write digits alone']],
  [{ toolsModule: 'https://a/tools.js' }, ['toolsModule: must be a path', "toolsModule: './tools.js'"]],
  [{ toolServer: { url: 'http://me:secret-1@host/' } }, ['toolServer.url: must not have credentials']],
  [{ toolServer: {} }, ['toolServer', 'port']],
  [{ toolServer: { port: 0, host: '0.0.0.0' } }, ['toolServer.url: must be set', 'host 0.0.0.0 (a wildcard address)']],
  [{ toolServer: { port: 0, secret: 'secret-1' } }, ['toolServer.secret', '32 characters']],
  [
    { cpuTimeoutMs: 9, executionTimeoutMs: 8 },
    ['cpuTimeoutMs (9 ms)', 'executionTimeoutMs (8 ms), so', 'Set cpuTimeoutMs to 8', 'cpuTimeoutMs: 8'],
  ],
  [{ concurrency: 0 }, ['concurrency is 0; the minimum is 1.', '  concurrency: 10,\n']],
  [{ concurrency: { min: 20 } }, ['concurrency: must have a min that is not above its max', '  concurrency: 10,\n']],
  [{ concurrency: { most: 3 } }, ['no option concurrency.most']],
  [{ timeoutMs: 5 }, ['no option timeoutMs; did you mean executionTimeoutMs?']],
  [{ apiKey: 'k' }, ['did you mean executorApiKey?']],
  [{ baseUrl: 'http://a' }, ['did you mean executorUrl?']],
  [{ maxRetries: 2 }, ['did you mean retry?']],
  [{ maxToolCalls: -1 }, ['maxToolCalls is -1; the minimum is 0.', 'maxToolCalls: 1_000']],
  [{ limits: {} }, ['no option limits: its values, such as cpuTimeoutMs and maxToolCalls, are options themselves']],
  [
    { executor: { run() {} }, executorUrl: undefined, executorApiKey: undefined, retry: false },
    ['no option retry: give it where executorUrl is given: to the client, or to the ExecutorClient'],
  ],
  [{ executor: { run() {} }, maxRetries: 3 }, ['no option maxRetries: it is called retry; give it where']],
  [{ executor: { run() {} }, connectTimeoutMs: 3 }, ['no option connectTimeoutMs: give it where executorUrl is given']],
  [{ executor: { run() {} } }, ['no option executorUrl: give it to the ExecutorClient that is the option executor']],
  [{ tools: [() => 1] }, ['tools: must be an object with a property for each tool, by its name']],
  [{ tools: { weather: undefined } }, ["The tool 'weather' has no handler: it is of type undefined"]],
  [{ tools: { weather: Promise.resolve() } }, ['it is a promise (an await is missing)']],
  [{ rateLimit: { requests: 5 } }, ['rateLimit.perMs: is missing', 'rateLimit: { requests: 100, perMs: 1_000 }']],
  [{ executionTimeoutMs: 9, requestTimeoutMs: 8 }, ['requestTimeoutMs (8 ms)']],
])('the client refuses %j with a message that shows the corrected code', async (wrong, parts) => {
  const message = await configurationErrorMessage(() => Codemode.fromClientConfig({ ...valid, ...wrong } as never))
  for (const part of [...parts, 'Instead:']) expect(message).toContain(part)
  expect(message).not.toContain('secret-1')
  expect(message).not.toContain(valid.executorApiKey)
})

test('the message for an option that only a variable has names the call that reads it', async () => {
  const env = { CODEMODE_EXECUTOR_URL: 'http://a' }
  const message = await configurationErrorMessage(() => configFromCode({ executorApiKey: 'a-key' }, env))
  expect(message).toContain('executorUrl: is missing; Codemode.fromEnv() takes it from CODEMODE_EXECUTOR_URL.')
})

test('the corrected code shows an executor when the configuration has one', async () => {
  const message = await configurationErrorMessage(() =>
    Codemode.fromClientConfig({ executor: 5 as never, cpuTimeoutMs: 0 }),
  )
  expect(message).toMatch(
    /executor \(5\): must be an Executor[^]*executor: new ExecutorClient\([^]*cpuTimeoutMs: 5_000,/,
  )
  expect(message).not.toContain('executorApiKey: process.env')
})

test('URLs may be URL objects', () => {
  const config = configFromCode({
    ...valid,
    executorUrl: new URL('http://localhost:8001/codemode'),
    toolServer: { url: new URL('https://app.example/tools') },
  })
  expect(config).toMatchObject({
    executorUrl: 'http://localhost:8001/codemode',
    toolServer: { url: 'https://app.example/tools' },
  })
  const overriding = configFromEnv({ executorUrl: new URL('http://a/') }, { ...usable, CODEMODE_MAX_TOOL_CALLS: '5' })
  expect(overriding).toMatchObject({ executorUrl: 'http://a/', maxToolCalls: 5 })
  expect(new ExecutorClient({ ...valid, executorUrl: new URL('http://a/') })).toBeInstanceOf(ExecutorClient)
})

test.each<[unknown[], string]>([
  [[valid], "Codemode.fromClientConfig({\n    executorUrl: 'http://localhost:8001'"],
  [[{ executor: {} }], 'executor: new ExecutorClient('],
  [['codemode.yaml'], "await Codemode.fromConfig('codemode.yaml')"],
  [[], 'Codemode.fromEnv()'],
])('new Codemode(…%j) says what to call', async (given, call) => {
  const message = await configurationErrorMessage(() => Reflect.construct(Codemode, given))
  expect(message).toContain('Codemode has no public constructor.')
  expect(message).toContain(call)
  expect(message).not.toContain(valid.executorApiKey)
})

test('the client refuses a configuration that is not an object', async () => {
  expect(await configurationErrorMessage(() => configFromCode(undefined))).toContain(
    "executorUrl: 'http://localhost:8001'",
  )
})

test('the environment sets the same options, and options in code override it one by one', () => {
  const env = {
    CODEMODE_EXECUTOR_URL: 'http://localhost:1',
    CODEMODE_EXECUTOR_API_KEY: 'env-key',
    CODEMODE_EXECUTION_TIMEOUT_MS: ' 60000 ',
    CODEMODE_TOOL_SERVER_PORT: '0',
    CODEMODE_TOOL_SERVER_HOST: '',
    CODEMODE_RETRY: 'false',
    CODEMODE_RETRY_MAX_ATTEMPTS: '2',
  }
  const given = { executorApiKey: 'code-key', toolServer: { url: 'http://a/' }, retry: { backoffBaseMs: 7 } }
  expect(configFromEnv({ ...given, connectTimeoutMs: undefined }, env)).toEqual({
    executorUrl: 'http://localhost:1',
    executorApiKey: 'code-key',
    executionTimeoutMs: 60_000,
    toolServer: { port: 0, url: 'http://a/' },
    retry: { maxAttempts: 2, backoffBaseMs: 7 },
    connectTimeoutMs: 5_000,
    maxPending: 10_000,
  })
})

test('text becomes a number or a boolean only where the schema expects one', () => {
  const env = { CODEMODE_EXECUTOR_URL: 'http://a', CODEMODE_EXECUTOR_API_KEY: '0123', CODEMODE_RETRY: 'false' }
  expect(configFromEnv({}, env)).toMatchObject({ executorApiKey: '0123', retry: false })
})

test('each option that is a text, a number or a boolean has an environment variable and an example for messages', () => {
  for (const path of textOptions(connectedSchema)) expect([path, fieldsAt(path)]).not.toEqual([path, []])
})

test('the guide lists every option with its variable', () => {
  const guide = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8')
  const rows = [...guide.matchAll(/^\| `([\w.]+)` +\|(?: `(\w+)`)? +\|/gm)]
  const listed = rows.map(([, option = '', variable = '']) => `${option} ${variable}`)
  const written = textOptions(connectedSchema)
  const names = [...namesAt(connectedSchema, []), ...namesAt(composedSchema, [])]
  const inCode = names.filter((name) => !written.some(([first]) => first === name))
  const options = [
    ...written.map((path) => `${path.join('.')} ${variableOf(path)}`),
    ...inCode.map((name) => `${name} `),
  ]
  expect(new Set(listed)).toEqual(new Set(options))
})

test.each(['http://host/codemode', 'http://host/v1/codemode/', 'http://host/api/v12', 'http://v1'])(
  'the client accepts the URL %s of an executor behind a path prefix',
  (executorUrl) => {
    expect(configFromCode({ ...valid, executorUrl })).toMatchObject({ executorUrl })
  },
)

const usable = { CODEMODE_EXECUTOR_URL: 'http://a', CODEMODE_EXECUTOR_API_KEY: 'k' }

test.each([
  [{ CODEMODE_EXECUTOR_URL: '' }, {}, /CODEMODE_EXECUTOR_URL: is missing[^]*CODEMODE_EXECUTOR_URL=http:/],
  [
    { CODEMODE_EXECUTOR_URL: '', CODEMODE_EXECUTER_URL: 'http://a' },
    {},
    /CODEMODE_EXECUTOR_URL: is missing; CODEMODE_EXECUTER_URL is set: is CODEMODE_EXECUTOR_URL meant\?/,
  ],
  [
    { CODEMODE_EXECUTOR_API_KEY: '', CODEMODE_API_KEY: 'k' },
    {},
    /CODEMODE_EXECUTOR_API_KEY: is missing; CODEMODE_API_KEY is set: is CODEMODE_EXECUTOR_API_KEY meant\?/,
  ],
  [{ CODEMODE_EXECUTOR_URL: 'http://a:1/v1/' }, {}, /must not end with \/v1[^]*CODEMODE_EXECUTOR_URL=http:\/\/a:1\n/],
  [{ CODEMODE_CPU_TIMEOUT_MS: '5s' }, {}, /CODEMODE_CPU_TIMEOUT_MS: [^]*CODEMODE_CPU_TIMEOUT_MS=5000/],
  [
    { CODEMODE_RETRY_MAX_ATTEMPTS: '0' },
    {},
    /CODEMODE_RETRY_MAX_ATTEMPTS is 0; the minimum is 1\.[^]*CODEMODE_RETRY_MAX_ATTEMPTS=3/,
  ],
  [{ CODEMODE_RETRY: 'no' }, {}, /CODEMODE_RETRY: expected false/],
  [
    { CODEMODE_TOOL_SERVER_HOST: '::1' },
    {},
    /CODEMODE_TOOL_SERVER_\*: must have a port[^]*CODEMODE_TOOL_SERVER_PORT=8002/,
  ],
  [
    { CODEMODE_TOOL_SERVER_SECRET: 'secret-1', CODEMODE_TOOL_SERVER_PORT: '0' },
    {},
    /CODEMODE_TOOL_SERVER_SECRET: must/,
  ],
  [
    {},
    { requestTimeoutMs: 0 },
    /the argument requestTimeoutMs is 0; the minimum is 1\.[^]*Codemode.fromEnv\({\n +requestTimeoutMs: 45_000/,
  ],
  [{}, { requestTimout: 1 }, /no option requestTimout \(in the arguments\); did you mean requestTimeoutMs/],
  [
    { CODEMODE_CPU_TIMEOUT_MS: '9000' },
    { executionTimeoutMs: 8_000 },
    /CODEMODE_CPU_TIMEOUT_MS \(9000 ms\) is longer than the argument executionTimeoutMs[^]*CODEMODE_CPU_TIMEOUT_MS=8000/,
  ],
])('the client refuses %j under %j and names the source of the value', async (env, given, expected) => {
  const message = await configurationErrorMessage(() => configFromEnv(given as never, { ...usable, ...env }))
  expect(message).toMatch(expected)
  expect(message).not.toContain('secret-1')
})

test('inspect shows a client and an ExecutorClient without their secrets', async () => {
  const secret = 'a-secret-of-at-least-32-characters'
  const tools = { weather: () => 1 }
  await using codemode = Codemode.fromClientConfig({ ...valid, tools, toolServer: { port: 0, secret } })
  expect(codemode.toJSON()).toMatchObject({
    executorUrl: valid.executorUrl,
    executorApiKey: '[redacted]',
    toolServer: { port: 0, secret: '[redacted]' },
    tools: ['weather'],
  })
  await using executor = new ExecutorClient(valid)
  await using composed = Codemode.fromClientConfig({ executor })
  expect(composed.toJSON()).toEqual({ executor: 'ExecutorClient', maxPending: 10_000, tools: [] })
  for (const printed of [codemode, composed, executor, codemode.withContext({ a: 1 })]) {
    const texts = [JSON.stringify(printed), inspect(printed, { depth: 20, showHidden: true }), inspect({ a: printed })]
    expect(texts.join()).not.toContain(valid.executorApiKey)
    expect(texts.join()).not.toContain(secret)
  }
  expect(inspect(codemode)).toMatch(/^Codemode \{[^]*executorApiKey: '\[redacted\]'/)
})

test('inspect shows an executor that has no class', () => {
  const executor = Object.setPrototypeOf({ run: vi.fn(), [Symbol.asyncDispose]: vi.fn() }, null) as Executor
  expect(inspect(Codemode.fromClientConfig({ executor }))).toContain("executor: 'Object'")
})

test('the client refuses a logger without all four methods', async () => {
  const logger = { warn: () => {} } as never
  expect(await configurationErrorMessage(() => configFromEnv({ ...valid, logger }, {}))).toContain(
    'must have the methods debug, info',
  )
})

test('the message for an option that is a number or an object corrects it as one of the two', async () => {
  const message = await configurationErrorMessage(() => configFromEnv({ ...valid, concurrency: { min: 20 } }, {}))
  expect(message).toMatch(/concurrency: must have a min that is not above its max[^]*concurrency: 10,/)
  expect(message).not.toContain('undefined')
})
