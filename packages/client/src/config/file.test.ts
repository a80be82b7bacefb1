import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterAll, expect, test } from 'vitest'

import { configurationErrorMessage } from '../testing/configuration-error-message.ts'
import { configFromFile } from './file.ts'

const folder = mkdtempSync(join(tmpdir(), 'codemode-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(text: string): string {
  const path = join(folder, 'codemode.yaml')
  writeFileSync(path, text)
  return path
}

const valid = 'executorUrl: http://localhost:8001\nexecutorApiKey: ${KEY}\n'
const env = { KEY: 'secret-1' }

test('arguments override the environment, which overrides the file, option by option', async () => {
  const path = fileOf(`${valid}cpuTimeoutMs: 1\nretry:\n  maxAttempts: 5\n  backoffBaseMs: 5\n  backoffMaxMs: 5\n`)
  const variables = { ...env, CODEMODE_CPU_TIMEOUT_MS: '2', CODEMODE_RETRY_BACKOFF_BASE_MS: '6' }
  const given = { cpuTimeoutMs: 3, retry: { backoffMaxMs: 7 } }
  expect(await configFromFile(path, given, variables)).toEqual({
    executorUrl: 'http://localhost:8001',
    executorApiKey: 'secret-1',
    connectTimeoutMs: 5_000,
    maxPending: 10_000,
    cpuTimeoutMs: 3,
    retry: { maxAttempts: 5, backoffBaseMs: 6, backoffMaxMs: 7 },
  })
  expect(await configFromFile(pathToFileURL(path), { retry: false }, variables)).toMatchObject({ retry: false })
})

test("the file's variables expand to text that is not parsed as YAML, converted as the schema expects", async () => {
  const path = fileOf(`
executorUrl: \${HOST:-http://localhost:8001}
executorApiKey: "\${DIGITS}"
requestTimeoutMs: \${TIMEOUT}
retry: \${RETRY:-false}
correlationIdPrefix: a-\${NAME}-\${EMPTY:-b}
toolServer:
  port: \${PORT:-0}
  secret: $\${NAME} and \${YAML}
  host: \${EMPTY:-}
cpuTimeoutMs:
`)
  const yaml = '${NAME}\nport: 1 # { [ that could be structure'
  const variables = { DIGITS: '0123456789', TIMEOUT: '70000', NAME: 'n', EMPTY: '', YAML: yaml }
  expect(await configFromFile(path, {}, variables)).toEqual({
    executorUrl: 'http://localhost:8001',
    executorApiKey: '0123456789',
    connectTimeoutMs: 5_000,
    maxPending: 10_000,
    requestTimeoutMs: 70_000,
    retry: false,
    correlationIdPrefix: 'a-n-b',
    toolServer: { port: 0, secret: `\${NAME} and ${yaml}` },
  })
})

test('the path of a toolsModule is relative to the file', async () => {
  const { toolsModule } = await configFromFile(fileOf(`${valid}toolsModule: ../a/tools.js`), {}, env)
  expect(toolsModule).toBe(pathToFileURL(join(folder, '../a/tools.js')).href)
})

test('an empty file leaves every option to the environment', async () => {
  const variables = { CODEMODE_EXECUTOR_URL: 'http://a', CODEMODE_EXECUTOR_API_KEY: 'k' }
  expect(await configFromFile(fileOf('# nothing\n'), {}, variables)).toMatchObject({ executorApiKey: 'k' })
})

test.each([
  ['executorApiKey: secret-1', ['codemode.yaml executorUrl: is missing', 'executorUrl: http://localhost:8001']],
  [
    `${valid}requestTimeoutMs: 0`,
    ['codemode.yaml:3 requestTimeoutMs is 0; the minimum is 1.', 'requestTimeoutMs: 45000'],
  ],
  [`${valid}requestTimout: 5`, ['no option requestTimout (in codemode.yaml:3); did you mean requestTimeoutMs?']],
  [
    `${valid}retry:\n  # a comment\n  maxAtempts: 5`,
    ['no option retry.maxAtempts (in codemode.yaml:5); did you mean maxAttempts?', 'retry:\n    maxAttempts: 3'],
  ],
  [`${valid}toolServer: { port: secret-1 }`, ['codemode.yaml:3 toolServer.port: expected number', 'port: 8002']],
  [`${valid}toolServer:\n  host: a`, ['codemode.yaml:3 toolServer: must have a port']],
  [`${valid}cpuTimeoutMs: 9\nexecutionTimeoutMs: 8`, ['codemode.yaml:3 cpuTimeoutMs (9 ms)', 'codemode.yaml:4 exec']],
  ['executorUrl: 5\nexecutorApiKey: 123456789', ['executorApiKey: expected string, received number: put it in quotes']],
  [`${valid}tools: { a: 1 }`, ['codemode.yaml:3 tools cannot be set in a file', 'toolsModule: ./tools.js']],
  [`${valid}executor: a`, ['There is no option executor (in codemode.yaml:3)']],
  ['executorUrl: ${HOST}\nexecutorApiKey: ${NO}', ['codemode.yaml:1 executorUrl: the variable HOST is not set', 'NO=']],
  [`${valid}retry:\n  maxAttempts: \${NO}`, ['codemode.yaml:4 retry.maxAttempts', 'NO=3', 'maxAttempts: ${NO:-3}']],
  [
    'executorApiKey: ${KEY-secret-1}',
    ['codemode.yaml:1 executorApiKey: a placeholder must be ${NAME} or', 'executorApiKey: ${NAME}'],
  ],
  ['executorApiKey: ${KEY', ['a placeholder must be ${NAME} or ${NAME:-default}']],
  ['a: 1\nrequestTimeoutMs: 1\nrequestTimeoutMs: 2', ['codemode.yaml:3:1 requestTimeoutMs: this option is set twice']],
  ['executorApiKey: "secret-1\n', ['codemode.yaml:2:1: a quote']],
  ['retry:\n\tmaxAttempts: 1', ['codemode.yaml:2:1: tabs']],
  ['executorApiKey: @secret-1', ['codemode.yaml:1:17: text must not begin with this character']],
  ['executorApiKey: *secret-1', ['codemode.yaml:1:17: text must not begin with *']],
  ['retry: &a\n  maxAttempts: *a', ['codemode.yaml:2:16: the alias is inside the value that it refers to']],
  ['executorApiKey: |secret-1', ['codemode.yaml:1:18: this is not valid YAML']],
  ['executorApiKey: secret-1: x', ['codemode.yaml:1:17: the indentation is wrong, or text with a colon']],
  ['- secret-1', ['codemode.yaml:1:1: the file must be a mapping from options to values']],
  ['secret-1', ['codemode.yaml:1:1: the file must be a mapping from options to values']],
  [`a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [${'*a,'.repeat(20)}]\nc: [${'*b,'.repeat(20)}]`, ['more than 100 aliases']],
])('the client refuses the file %j, names the line and shows no secret', async (text, parts) => {
  const message = await configurationErrorMessage(() => configFromFile(fileOf(text), {}, env))
  for (const part of [...parts, 'Instead:']) expect(message).toContain(part)
  expect(message).not.toContain('secret-1')
  expect(message).not.toContain('123456789')
  expect(message).not.toContain(folder)
})

test('the message names an invalid argument as an argument, also when there is a file', async () => {
  const message = await configurationErrorMessage(() =>
    configFromFile(fileOf(valid), { retry: { maxAttempts: 0 } }, env),
  )
  expect(message).toContain('the argument retry.maxAttempts is 0')
  expect(message).toContain("Codemode.fromConfig('codemode.yaml', {\n    retry: { maxAttempts: 3 },")
})

test('the message names a missing file by the path that was given', async () => {
  expect(await configurationErrorMessage(() => configFromFile(undefined as never))).toContain(
    "fromConfig('codemode.yaml')",
  )
  expect(await configurationErrorMessage(() => configFromFile('no/such.yaml', {}, env))).toMatch(
    /no\/such.yaml can't be read \(ENOENT\)/,
  )
  const message = await configurationErrorMessage(() =>
    configFromFile(pathToFileURL(join(folder, 'none.yaml')), {}, env),
  )
  expect(message).toContain('none.yaml')
  expect(message).not.toContain(folder)
})
