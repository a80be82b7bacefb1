import { describe, expect, test } from 'vitest'

import { configFromEnvironment, ConfigurationError, resolveConfig } from './config.ts'

const key = 'k'.repeat(32)
const key32 = Buffer.alloc(32, 7).toString('base64')

function fromEnvironment(env: Record<string, string>, files: Record<string, string> = {}) {
  return configFromEnvironment(env, (path) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' })
    return text
  })
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  throw new Error('it was not refused')
}

describe('the configuration', () => {
  test('has a default for everything except the key', () => {
    expect(resolveConfig({ apiKey: key })).toMatchObject({
      host: '127.0.0.1',
      port: 8001,
      apiKey: key,
      dev: false,
      callbackOrigins: [],
      notifyOrigins: [],
      disconnectGraceMs: 15_000,
      maxRunning: 4_000,
      maxQueuedPerKey: 2_000,
      reuseIsolates: true,
      retainBytes: 67_108_864,
    })
  })

  test('resolves to itself when it is resolved again', () => {
    const config = resolveConfig({ dev: true, port: 0 })
    expect(resolveConfig(config)).toEqual(config)
  })

  test('is read from the environment, which is converted from text', () => {
    const { config, isApiKeyGenerated } = fromEnvironment({
      PATH: '/bin',
      CODEMODE_API_KEY: key,
      CODEMODE_PORT: '0',
      CODEMODE_DEV: 'true',
      CODEMODE_CALLBACK_ORIGINS: 'https://App.example:443, http://10.0.0.1:8080/ ,',
      CODEMODE_NOTIFY_ORIGINS: 'https://hook.example,https://*.hook.example',
      CODEMODE_LOG_LEVEL: 'warn',
      CODEMODE_MAX_RUNNING_PER_KEY: '7',
      CODEMODE_REUSE_ISOLATES: 'off',
      CODEMODE_RECORD_ATTACHED: 'on',
      CODEMODE_HOST: '',
      CODEMODE_EXECUTOR_URL: 'http://localhost:8001',
      CODEMODE_EXECUTOR_API_KEY: key,
    })
    expect(config).toMatchObject({
      port: 0,
      dev: true,
      callbackOrigins: ['https://app.example', 'http://10.0.0.1:8080'],
      notifyOrigins: ['https://hook.example', 'https://*.hook.example'],
      logLevel: 'warn',
      maxRunningPerKey: 7,
      reuseIsolates: false,
      recordAttached: true,
      host: '127.0.0.1',
    })
    expect(isApiKeyGenerated).toBe(false)
  })

  test('takes encryption keys as a list, and resolves to itself with them', () => {
    const encryptionKeys = [`2027:${key32}`, `2026:${key32.replace('=', '')}`]
    const { config } = fromEnvironment({ CODEMODE_DEV: '1', CODEMODE_ENCRYPTION_KEYS: encryptionKeys.join(', ') })
    expect(config.encryptionKeys).toEqual(encryptionKeys)
    expect(resolveConfig(config)).toEqual(config)
    expect(resolveConfig({ dev: true }).encryptionKeys).toEqual([])
  })

  test('has a console at /console, whose mode, path and header of a proxy can be set', () => {
    const { console: mode, consolePath, consoleKeyHeader } = resolveConfig({ dev: true })
    expect({ mode, consolePath, consoleKeyHeader }).toEqual({
      mode: 'on',
      consolePath: '/console',
      consoleKeyHeader: undefined,
    })
    const { config } = fromEnvironment({
      CODEMODE_DEV: '1',
      CODEMODE_CONSOLE: 'read-only',
      CODEMODE_CONSOLE_PATH: '/ops/v1.x/codemode',
      CODEMODE_CONSOLE_KEY_HEADER: 'X-Console-Key',
    })
    expect(config).toMatchObject({ console: 'read-only', consolePath: '/ops/v1.x/codemode' })
    expect(config).toMatchObject({ consoleKeyHeader: 'X-Console-Key' })
  })

  test('is read from a file, and the environment overrides it', () => {
    const file = JSON.stringify({ apiKey: key, port: 1, drainMs: 5, callbackOrigins: ['https://a.example'] })
    const { config } = fromEnvironment({ CODEMODE_CONFIG_FILE: 'c.json', CODEMODE_PORT: '2' }, { 'c.json': file })
    expect(config).toMatchObject({ apiKey: key, port: 2, drainMs: 5, callbackOrigins: ['https://a.example'] })
  })

  test('generates a key in development only, and reports that', () => {
    const made = fromEnvironment({ CODEMODE_DEV: '1' })
    expect(made.config.apiKey).toMatch(/^cmk_[0-9a-f]{48}$/)
    expect(made.isApiKeyGenerated).toBe(true)
    expect(fromEnvironment({ CODEMODE_DEV: '1' }).config.apiKey).not.toBe(made.config.apiKey)
    expect(fromEnvironment({ CODEMODE_DEV: '1', CODEMODE_API_KEYS_FILE: 'k.json' }).config.apiKey).toBeUndefined()
  })
})

describe('an invalid configuration', () => {
  test('without a key is refused with the lines that set one', () => {
    for (const env of [{}, { CODEMODE_DEV: '0' }]) {
      expect(refusal(() => fromEnvironment(env))).toContain('CODEMODE_API_KEY=$(openssl rand -hex 32)')
    }
    expect(refusal(() => resolveConfig())).toContain('createExecutor({ dev: true })')
  })

  test('with two kinds of keys is refused', () => {
    expect(refusal(() => resolveConfig({ apiKey: key, apiKeysFile: 'k.json' }))).toContain('Remove all but one')
    expect(refusal(() => resolveConfig({ apiKeysFile: 'k.json', apiKeys: 'store' }))).toContain('Remove all but one')
  })

  test('with keys in a store that it does not have is refused', () => {
    const databaseUrl = 'postgres://db.internal/codemode'
    for (const input of [{}, { databaseUrl, store: 'none' }] as const) {
      expect(refusal(() => resolveConfig({ apiKeys: 'store', ...input }))).toContain(
        'CODEMODE_DATABASE_URL=postgres://',
      )
    }
    const { apiKey, apiKeys } = resolveConfig({ apiKeys: 'store', databaseUrl, dev: true })
    expect({ apiKey, apiKeys }).toEqual({ apiKey: undefined, apiKeys: 'store' })
  })

  test('accepts the address of an IPv6 host with and without the brackets of a URL', () => {
    for (const host of ['::1', '[::1]']) {
      expect(fromEnvironment({ CODEMODE_API_KEY: key, CODEMODE_HOST: host }).config.host).toBe('::1')
    }
  })

  test.each([
    ['CODEMODE_PRT', '9000', 'CODEMODE_PORT=9000'],
    ['CODEMODE_API_KEY_FILE', 'k.json', 'CODEMODE_API_KEYS_FILE=./api-keys.json'],
    ['CODEMODE_MAXRUNNING', 'many', 'CODEMODE_MAX_RUNNING=4000'],
    ['CODEMODE_DRAIN', '7', 'CODEMODE_DRAIN_MS=7'],
    ['CODEMODE_CALLBACK_ORIGIN', 'x', 'CODEMODE_CALLBACK_ORIGINS=https://app.example'],
    ['CODEMODE_FOO', 'x', 'use one of these'],
  ])('an unknown variable %s is refused with the nearest known line', (variable, value, line) => {
    const message = refusal(() => fromEnvironment({ CODEMODE_API_KEY: key, [variable]: value }))
    expect(message).toContain(`${variable} is not a variable of the executor`)
    expect(message).toContain(line)
  })

  test.each([
    ['CODEMODE_PORT', '65536', 'CODEMODE_PORT is 65536, but must be an integer from 0 to 65535'],
    ['CODEMODE_PORT', '80x1', 'CODEMODE_PORT is "80x1"'],
    ['CODEMODE_DEV', 'yes', 'CODEMODE_DEV=1'],
    ['CODEMODE_LOG_LEVEL', 'loud', 'must be one of trace, debug'],
    ['CODEMODE_SANDBOX_PROCESSES', '0', 'CODEMODE_SANDBOX_PROCESSES=4'],
    ['CODEMODE_CALLBACK_ORIGINS', 'x.example', 'CODEMODE_CALLBACK_ORIGINS=https://app.example'],
    ['CODEMODE_CALLBACK_ORIGINS', 'https://a.example,x.example', '("x.example" does not begin with http'],
    ['CODEMODE_CALLBACK_ORIGINS', 'https://a.example/path', '/path" has more than scheme, host and port)'],
    ['CODEMODE_CALLBACK_ORIGINS', 'https://user:pw@a.example', 'has a user name or a password)'],
    ['CODEMODE_CALLBACK_ORIGINS', 'ftp://a.example', 'does not begin with http:// or https:// and a host)'],
    ['CODEMODE_NOTIFY_ORIGINS', 'https://a*.example', 'has a * that is not the whole first part of the host)'],
    ['CODEMODE_HOST', 'http://127.0.0.1', 'without scheme and port. For example:\n  CODEMODE_HOST=127.0.0.1'],
    ['CODEMODE_HOST', '127.0.0.1:8001', 'CODEMODE_HOST is "127.0.0.1:8001"'],
    ['CODEMODE_HOST', '[::1]:8001', 'CODEMODE_HOST is "[::1]:8001"'],
    ['CODEMODE_DRAIN_MS', '-1', 'CODEMODE_DRAIN_MS=10000'],
    ['CODEMODE_CONSOLE', 'true', 'must be one of on, read-only, off'],
    ['CODEMODE_CONSOLE_PATH', 'console', 'CODEMODE_CONSOLE_PATH=/console'],
    ['CODEMODE_CONSOLE_PATH', '/', 'CODEMODE_CONSOLE_PATH=/console'],
    ['CODEMODE_CONSOLE_PATH', '/console/', 'CODEMODE_CONSOLE_PATH=/console'],
    ['CODEMODE_CONSOLE_PATH', '/../x', 'CODEMODE_CONSOLE_PATH=/console'],
    ['CODEMODE_CONSOLE_PATH', '/:id/*', 'CODEMODE_CONSOLE_PATH=/console'],
    ['CODEMODE_CONSOLE_PATH', '/v1/console', 'CODEMODE_CONSOLE_PATH=/console'],
    ['CODEMODE_CONSOLE_PATH', '/metrics', 'CODEMODE_CONSOLE_PATH=/console'],
    ['CODEMODE_CONSOLE_KEY_HEADER', 'Authorization', 'CODEMODE_CONSOLE_KEY_HEADER=x-codemode-console-key'],
    ['CODEMODE_CONSOLE_KEY_HEADER', 'x key', 'CODEMODE_CONSOLE_KEY_HEADER=x-codemode-console-key'],
    [
      'CODEMODE_REUSE_ISOLATES',
      'never',
      'must be true (1, on) or false (0, off). For example:\n  CODEMODE_REUSE_ISOLATES=0',
    ],
  ])('%s=%s is refused with the allowed values', (variable, value, text) => {
    expect(refusal(() => fromEnvironment({ CODEMODE_API_KEY: key, [variable]: value }))).toContain(text)
  })

  test.each([
    ['sesame', 'key 1 of the list is not an id, a colon and a key'],
    [`k1:${key32},k2:c2VzYW1l`, 'key 2 of the list has 6 bytes instead of 32'],
    [`k1:${'0a'.repeat(32)}`, 'key 1 of the list has 48 bytes instead of 32; it looks hexadecimal, so use base64'],
    ['k1:sesame sesame', 'key 1 of the list is not base64'],
    [`${key32}:k1`, 'the id of key 1 of the list is not 1 to 32 letters'],
    [`k1:${key32},k1:${key32}`, 'two keys have the id "k1"'],
  ])('CODEMODE_ENCRYPTION_KEYS=%s is refused with the reason, and not shown', (value, reason) => {
    const env = { CODEMODE_DEV: '1', CODEMODE_ENCRYPTION_KEYS: value }
    const message = refusal(() => fromEnvironment(env))
    expect(message).toContain(`CODEMODE_ENCRYPTION_KEYS is not valid (${reason}`)
    expect(message).toContain(
      'Make a key once with "openssl rand -base64 32", keep it, and set:\n  CODEMODE_ENCRYPTION_KEYS=2027:<the key>',
    )
    for (const secret of ['sesame', 'c2VzYW1l', key32]) expect(message).not.toContain(secret)
  })

  test('gives all problems at once, each named as it was set', () => {
    const file = '{"prt": 9, "drainMs": "soon"}'
    const message = refusal(() =>
      fromEnvironment({ CODEMODE_CONFIG_FILE: 'c.json', CODEMODE_DEV: '1', CODEMODE_HOSTS: 'h' }, { 'c.json': file }),
    )
    expect(message).toContain('"port": 9')
    expect(message).toContain('"drainMs": 10000')
    expect(message).toContain('CODEMODE_HOST=127.0.0.1')
    expect(refusal(() => resolveConfig({ dev: true, prt: 9 } as never))).toContain('createExecutor({ port: 9 })')
  })

  test.each([
    ['{"apiKey": "very-secret-key-of-mine" "port": 1}', 'line 1, column 38'],
    ['[]', 'must contain a JSON object'],
    [undefined, "can't be read (ENOENT)"],
  ])('a file with %j is refused', (text, expected) => {
    const files: Record<string, string> = text === undefined ? {} : { 'c.json': text }
    const message = refusal(() => fromEnvironment({ CODEMODE_CONFIG_FILE: 'c.json' }, files))
    expect(message).toContain(expected)
    expect(message).not.toContain('secret')
  })

  test.each([[{ CODEMODE_METRICS_PORT: '8001' }], [{ CODEMODE_METRICS_PORT: '9464', CODEMODE_PORT: '9464' }]])(
    'the port of the executor is refused as the port of the metrics: %j',
    (env) => {
      const message = refusal(() => fromEnvironment({ CODEMODE_DEV: '1', ...env }))
      expect(message).toContain(
        `CODEMODE_METRICS_PORT is ${env.CODEMODE_METRICS_PORT}, which is the port of the executor`,
      )
    },
  )

  test('never shows a secret', () => {
    const url = 'postgres//codemode:sesame@db.internal/codemode'
    const secrets = [
      { CODEMODE_API_KEY: 'sesame' },
      { CODEMODE_APIKEY: 'sesame' },
      { CODEMODE_API_KEYS: 'sesame' },
      { CODEMODE_TOKEN: 'sesame' },
      { CODEMODE_DATABASE_URL: url, CODEMODE_DEV: '1' },
    ]
    for (const env of secrets) expect(refusal(() => fromEnvironment(env))).not.toContain('sesame')
  })
})
