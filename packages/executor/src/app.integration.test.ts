import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { createExecutor } from './app.ts'
import { ConfigurationError, type ExecutorConfigInput } from './config.ts'
import { FakeEngine } from './http/fake-engine.test-support.ts'
import { info } from './http/http-app.test-support.ts'
import { createLogger } from './log.ts'

const apiKey = 'a-key-of-more-than-16'
const logger = createLogger({ level: 'silent' })

function fakes(engine = new FakeEngine()) {
  const happened: string[] = []
  const dependencies = {
    logger,
    startEngine: async () => ({
      engine: Object.assign(engine, {
        close: async ({ drainMs }: { drainMs: number }) => void happened.push(`drained for ${drainMs}`),
      }),
      info: () => info,
      [Symbol.asyncDispose]: async () => void happened.push('disposed'),
    }),
  }
  return { engine, happened, dependencies }
}

const run = (url: string, body: object, key = apiKey) =>
  fetch(`${url}/v1/executions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test('an executor accepts its key on the port that it reports, until it is closed', async () => {
  const { happened, dependencies } = fakes()
  const executor = await createExecutor({ apiKey, port: 0, drainMs: 7 }, dependencies)
  expect(executor.url).toBe(`http://127.0.0.1:${executor.port}`)
  expect((await run(executor.url, { code: '1' })).status).toBe(200)
  expect((await run(executor.url, { code: '1' }, 'another-key-of-16')).status).toBe(401)
  await Promise.all([executor.close(), executor.close({ drainMs: 1 })])
  expect(happened).toEqual(['drained for 7', 'disposed'])
  await expect(run(executor.url, { code: '1' })).rejects.toThrow('fetch failed')
})

test('keys of several tenants come from a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'codemode-app-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'keys.json')
  const write = (id: string, key: string) =>
    writeFileSync(
      path,
      JSON.stringify([{ id, tenant: 'acme', sha256: createHash('sha256').update(key).digest('hex') }]),
    )
  write('k1', 'an-older-key')
  const { engine, dependencies } = fakes()
  const input = { apiKeysFile: path, port: 0, maxQueuedPerKey: 9 }
  await using executor = await createExecutor(input, dependencies)
  expect((await run(executor.url, { code: '1' }, 'an-older-key')).status).toBe(200)
  expect((await run(executor.url, { code: '1' })).status).toBe(401)
  write('k2', apiKey)
  await expect.poll(async () => (await run(executor.url, { code: '1' })).status).toBe(200)
  expect(engine.submissions[1]?.principal).toMatchObject({ tenant: 'acme', keyId: 'k2', maxQueued: 9 })
})

test('callbacks to a loopback address require development mode or a listed origin', async () => {
  const request = { code: '1', callback: { url: 'http://localhost:3000/tools', token: 't'.repeat(16) } }
  const cases: [ExecutorConfigInput, number][] = [
    [{}, 403],
    [{ dev: true }, 200],
    [{ callbackOrigins: ['http://localhost:3000'] }, 200],
  ]
  for (const [input, status] of cases) {
    await using executor = await createExecutor({ apiKey, port: 0, ...input }, fakes().dependencies)
    expect((await run(executor.url, request)).status).toBe(status)
  }
})

test('a failed start leaves no resources open', async () => {
  await expect(createExecutor({ port: 0 }, fakes().dependencies)).rejects.toThrow(ConfigurationError)
  await using first = await createExecutor({ apiKey, port: 0 }, fakes().dependencies)
  const { happened, dependencies } = fakes()
  await expect(createExecutor({ apiKey, port: first.port }, dependencies)).rejects.toThrow('EADDRINUSE')
  const used = { apiKey, port: 0, metricsPort: first.port }
  await expect(createExecutor(used, fakes().dependencies)).rejects.toThrow('CODEMODE_METRICS_PORT')
  expect(happened).toEqual(['disposed'])
})
