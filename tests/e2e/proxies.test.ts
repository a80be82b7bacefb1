import { execFile } from 'node:child_process'
import { env, execPath } from 'node:process'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { inspect, promisify } from 'node:util'

import { ConfigurationError, ExecutorClient } from '@codemode/client'
import { describe, expect, onTestFinished, test } from 'vitest'

import { aborted, apiKey, connect, freePort, packageFlags, startExecutorProcess, toolLatch } from '@codemode/testkit'
import { startForwardProxy } from '../support/forward-proxy.ts'
import { useCodemode } from '../support/suite.ts'
import { certificate, startTlsServer } from '../support/tls-server.ts'

const run = promisify(execFile)
const suite = useCodemode()

const names = ['NODE_USE_ENV_PROXY', 'NODE_OPTIONS', ...['http', 'https', 'no'].flatMap((name) => [`${name}_proxy`])]
const proxyNames = [...names, ...names.map((name) => name.toUpperCase())]

/** Sets these variables for the clients of the test, and unsets all others that concern proxies. */
function setVariables(variables: Readonly<Record<string, string>>): void {
  const before = Object.fromEntries(proxyNames.map((name) => [name, env[name]]))
  const put = (values: Readonly<Record<string, string | undefined>>): void => {
    for (const name of proxyNames) {
      if (values[name] === undefined) delete env[name]
      else env[name] = values[name]
    }
  }
  put(variables)
  onTestFinished(() => put(before))
}

const asked = { NODE_USE_ENV_PROXY: '1' }

test(
  'requests, streams, tool answers and cancellations use the proxy over few connections',
  { tags: ['RT-1'] },
  async () => {
    await using proxy = await startForwardProxy()
    setVariables({ ...asked, HTTP_PROXY: proxy.url })
    const { enter, arrived, signals } = toolLatch()
    await using client = connect(suite.executor, { tools: { enter, add: (n: number) => n + 1 } })
    expect(await client.executeAsync('return 1', { availableTools: [] })).toBe(1)
    expect(await client.executeAsync('let n = 0; for (let i = 0; i < 5; i++) n = await tools.add(n); return n')).toBe(5)
    const execution = await client.submit('await tools.enter({})')
    await arrived()
    await execution.cancel()
    expect(await execution.wait()).toMatchObject({ error: { code: 'CANCELLED' } })
    await aborted(signals[0]!)
    expect(await client.healthCheck()).toBe(true)
    const paths = proxy.requests.map(({ method, target }) => `${method} ${new URL(target).pathname.split('/').at(-1)}`)
    // The client reads the record of an execution whose call arrives late.
    expect(new Set(paths.filter((path) => !path.startsWith('GET exe_')))).toEqual(
      new Set(['GET info', 'POST executions', 'POST tool-results', 'POST cancel', 'GET livez']),
    )
    for (const { target } of proxy.requests) expect(new URL(target).origin).toBe(suite.executor.url)
    expect(proxy.connections()).toBeLessThan(proxy.requests.length)
  },
)

test('an executor at an https URL is reached through a tunnel, which is reused', { tags: ['RT-1'] }, async () => {
  const defaults = getCACertificates('default')
  setDefaultCACertificates([...defaults, certificate])
  onTestFinished(() => setDefaultCACertificates(defaults))
  await using proxy = await startForwardProxy({ credentials: 'me:pass word' })
  await using server = await startTlsServer(suite.executor)
  setVariables({ ...asked, HTTPS_PROXY: proxy.urlWith('me:pass%20word') })
  await using client = connect(server, { tools: { add: (n: number) => n + 1 } })
  expect(await client.executeAsync('let n = 0; for (let i = 0; i < 5; i++) n = await tools.add(n); return n')).toBe(5)
  expect(await client.executeAsync('return 1', { availableTools: [] })).toBe(1)
  expect(new Set(proxy.requests.map(({ target }) => target))).toEqual(new Set([new URL(server.url).host]))
  expect(proxy.requests.length).toBeLessThan(server.requests())
})

const newClient = () => new ExecutorClient({ executorUrl: suite.executor.url, executorApiKey: apiKey })

/** Returns whether a client with these variables uses the proxy. */
async function asksProxy(variables: (proxyUrl: string) => Record<string, string>, host = '127.0.0.1') {
  await using proxy = await startForwardProxy()
  setVariables(variables(proxy.url))
  await using client = connect({ url: suite.executor.url.replace('127.0.0.1', host) })
  expect(await client.healthCheck()).toBe(true)
  return proxy.requests.length === 1
}

describe('the decision to use the proxy', () => {
  test.each<[boolean, Record<string, string>]>([
    [true, { NODE_USE_ENV_PROXY: '1' }],
    [true, { NODE_OPTIONS: '--use-env-proxy' }],
    [true, { NODE_OPTIONS: '--no-warnings --use_env_proxy' }],
    [false, { NODE_OPTIONS: '--no-use-env-proxy', NODE_USE_ENV_PROXY: '1' }],
    [false, {}],
    [false, { NODE_USE_ENV_PROXY: '0' }],
    [false, { NODE_USE_ENV_PROXY: 'true' }],
    [false, { NODE_USE_ENV_PROXY: '' }],
  ])("is %s where Node's setting is %j", { tags: ['RT-1'] }, async (expected, setting) => {
    expect(await asksProxy((HTTP_PROXY) => ({ HTTP_PROXY, ...setting }))).toBe(expected)
  })

  test.each<[boolean, (proxyUrl: string) => Record<string, string>]>([
    [true, (http_proxy) => ({ http_proxy })],
    [true, (http_proxy) => ({ http_proxy, HTTP_PROXY: 'http://127.0.0.1:1' })],
    [false, (HTTP_PROXY) => ({ HTTP_PROXY, http_proxy: '' })],
    [false, (HTTPS_PROXY) => ({ HTTPS_PROXY })],
    [false, () => ({ HTTP_PROXY: '' })],
    [false, () => ({})],
  ])('is %s with the variables of %s', { tags: ['RT-1'] }, async (expected, variables) => {
    expect(await asksProxy((url) => ({ ...asked, ...variables(url) }))).toBe(expected)
  })

  test.each<[boolean, string, string, string?]>([
    [false, 'NO_PROXY', '*'],
    [false, 'no_proxy', '*'],
    [false, 'NO_PROXY', 'other.example, *'],
    [false, 'NO_PROXY', '127.0.0.1'],
    [false, 'NO_PROXY', 'other.example 127.0.0.1'],
    [false, 'NO_PROXY', '127.0.0.1:<port>'],
    [true, 'NO_PROXY', '127.0.0.1:1'],
    [true, 'NO_PROXY', 'localhost'],
    [true, 'NO_PROXY', ''],
    [false, 'NO_PROXY', 'localhost', 'localhost'],
    [false, 'NO_PROXY', 'LOCALHOST', 'localhost'],
    [false, 'NO_PROXY', '.localhost', 'localhost'],
    [true, 'NO_PROXY', '*.localhost', 'localhost'],
    [true, 'NO_PROXY', 'host', 'localhost'],
    [true, 'NO_PROXY', '127.0.0.1', 'localhost'],
  ])('is %s with %s=%s', { tags: ['RT-1'] }, async (expected, name, noProxy, host) => {
    const value = noProxy.replace('<port>', new URL(suite.executor.url).port)
    expect(await asksProxy((HTTP_PROXY) => ({ ...asked, HTTP_PROXY, [name]: value }), host)).toBe(expected)
  })
})

describe('a proxy that fails', () => {
  const secret = 'hush-hush'

  /** Returns the error of an execution through a proxy with the secret in its URL, which must not appear anywhere. */
  async function failure(proxyUrl: string, executor: { readonly url: string }, connectTimeoutMs = 20_000) {
    setVariables({ ...asked, HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl })
    await using client = connect(executor, { retry: false, connectTimeoutMs })
    const logged: unknown[] = []
    client.on('settle', (event) => logged.push(event))
    const error: unknown = await client.executeAsync('return 1').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', ambiguous: false })
    for (const shown of [error, client, logged]) {
      expect(inspect(shown, { depth: 10, showHidden: true })).not.toContain(secret)
      expect(JSON.stringify(shown)).not.toContain(secret)
    }
    return error
  }

  const executors = {
    'an http URL': () => suite.executor,
    'an https URL': () => ({ url: suite.executor.url.replace('http:', 'https:') }),
  }

  describe.each(Object.entries(executors))('before an executor at %s', (_, executor) => {
    const variable = executor === executors['an http URL'] ? 'HTTP_PROXY' : 'HTTPS_PROXY'

    test('is named without its credentials when it requires others (407)', { tags: ['RT-1'] }, async () => {
      await using proxy = await startForwardProxy({ credentials: 'me:right' })
      const error = await failure(proxy.urlWith(`me:${secret}`), executor())
      expect(error).toMatchObject({ httpStatus: 407, retryable: false, name: 'ExecutorConnectionError' })
      expect((error as Error).message).toContain(
        `The proxy ${proxy.url} (${variable}) refused to connect to the executor at ${executor().url}: it answered 407`,
      )
      expect(error).toMatchObject({ suggestion: expect.stringContaining(variable) })
    })

    test('is named when nothing listens there', { tags: ['RT-1'] }, async () => {
      const host = `127.0.0.1:${await freePort()}`
      const error = await failure(`http://me:${secret}@${host}`, executor())
      expect(error).toMatchObject({ retryable: true, name: 'ExecutorConnectionError' })
      expect((error as Error).message).toContain(
        `The proxy http://${host} (${variable}) could not be reached: ECONNREFUSED`,
      )
    })
  })

  test.each([
    [403, false],
    [429, true],
    [502, true],
  ])('is named when it answers %i instead of opening a tunnel', { tags: ['RT-1'] }, async (refuses, retryable) => {
    await using proxy = await startForwardProxy({ refuses })
    const error = await failure(proxy.urlWith(`me:${secret}`), executors['an https URL']())
    expect(error).toMatchObject({ httpStatus: refuses, retryable })
    expect((error as Error).message).toContain(`The proxy ${proxy.url} (HTTPS_PROXY) refused`)
  })

  test.each([
    ['hang', 'opened no connection within connectTimeoutMs (1000 ms)'],
    ['reset', 'could not be reached: UND_ERR_PRX_CONN'],
  ] as const)('is named when its tunnel meets %s', { tags: ['RT-1'] }, async (refuses, problem) => {
    await using proxy = await startForwardProxy({ refuses })
    const connectTimeoutMs = refuses === 'hang' ? 1_000 : undefined
    const error = await failure(proxy.urlWith(`me:${secret}`), executors['an https URL'](), connectTimeoutMs)
    expect((error as Error).message).toContain(`The proxy ${proxy.url} (HTTPS_PROXY) ${problem}`)
    expect(error).toMatchObject({ retryable: true })
  })

  test('is retried until it is there', { tags: ['RT-1'] }, async () => {
    const port = await freePort()
    setVariables({ ...asked, HTTP_PROXY: `http://127.0.0.1:${port}` })
    await using client = connect(suite.executor, { retry: { maxAttempts: 100, backoffBaseMs: 10, backoffMaxMs: 100 } })
    const retried = new Promise((resolve) => client.on('retry', resolve))
    const value = client.executeAsync('return 1')
    await retried
    await using proxy = await startForwardProxy({ port })
    expect(await value).toBe(1)
    expect(proxy.requests.map(({ method }) => method)).toEqual(['GET', 'POST'])
  })

  test.each(['127.0.0.1:3128', 'proxy:3128', `ftp://me:${secret}@127.0.0.1`, `http://me:${secret}%zz@127.0.0.1`, '::'])(
    'is a configuration error if its URL is invalid (%s)',
    { tags: ['RT-1'] },
    (url) => {
      setVariables({ ...asked, HTTP_PROXY: url })
      expect(newClient).toThrow(ConfigurationError)
      expect(newClient).toThrow('HTTP_PROXY must be the http or https URL of a proxy')
      expect(newClient).not.toThrow(secret)
    },
  )
})

test('the executor calls tools without the proxy of its environment', { tags: ['TL-3'] }, async () => {
  await using proxy = await startForwardProxy()
  await using executor = await startExecutorProcess({ env: { ...asked, HTTP_PROXY: proxy.url } })
  const config = { executorApiKey: executor.apiKey, toolServer: { port: 0 }, tools: { add: (n: number) => n + 1 } }
  await using client = connect(executor, config)
  expect(await client.executeAsync('return await tools.add(1)')).toBe(2)
  expect(proxy.requests).toEqual([])
})

describe('a program', () => {
  const script = `
    import { Codemode } from '@codemode/client'
    const codemode = Codemode.fromEnv()
    console.log(await codemode.executeAsync('return 1'), codemode.execute('return 2'))
    await codemode.close()`

  test.each<[number, readonly string[], Record<string, string>]>([
    [2, [], { NODE_USE_ENV_PROXY: '1' }],
    [2, ['--use-env-proxy'], {}],
    [0, ['--no-use-env-proxy'], { NODE_USE_ENV_PROXY: '1' }],
  ])(
    'uses the proxy %i times with the flags %j and %j, also in its thread',
    { tags: ['RT-1', 'EX-6'] },
    async (...given) => {
      const [times, flags, variables] = given
      await using proxy = await startForwardProxy()
      const all = {
        PATH: env['PATH'],
        CODEMODE_EXECUTOR_URL: suite.executor.url,
        CODEMODE_EXECUTOR_API_KEY: apiKey,
        HTTP_PROXY: proxy.url,
        ...variables,
      }
      const args = [...packageFlags, ...flags, '--input-type=module', '--eval', script]
      const { stdout } = await run(execPath, args, { env: all })
      expect(stdout).toBe('1 2\n')
      expect(proxy.requests.filter(({ method }) => method === 'POST')).toHaveLength(times)
    },
  )
})
