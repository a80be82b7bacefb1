/**
 * Attempts to get out of the guest, learnt from the public escapes of vm2, realms-shim, SES and isolated-vm. Each runs
 * beside a neighbour of the same tenant in the same sandbox process, and has an exact outcome.
 */
import { env } from 'node:process'

import { createExecutor, type RunningExecutor } from '@codemode/executor'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { createLogger } from '../../packages/executor/src/log.ts'
import { api } from '../support/executor.ts'
import { gate } from '../support/gate.ts'
import { ToolHost } from '../support/tool-host.ts'
import { attempts } from './no-way-out.attempts.ts'

const canary = {
  environment: 'canary-in-the-environment',
  apiKey: 'canary-in-the-api-key',
  secret: 'canary-in-the-secret-of-the-tool-server',
  path: '/canary-in-the-tool-server-url',
}
const executorLog: string[] = []

let executor: RunningExecutor
let host: ToolHost
let serving: number

beforeAll(async () => {
  env['CODEMODE_CANARY'] = canary.environment
  env['NODE_OPTIONS_CANARY'] = canary.environment
  const logger = createLogger({ level: 'trace', to: { write: (line) => void executorLog.push(line) } })
  const config = { apiKey: canary.apiKey, port: 0, dev: true, sandboxProcesses: 1 }
  executor = await createExecutor(config, { logger })
  host = await ToolHost.start(executor, {
    executorApiKey: canary.apiKey,
    path: canary.path,
    toolServer: { secret: canary.secret },
    tools: {
      echo: (input: unknown) => input,
      fails: () => {
        throw new Error('failed')
      },
      'github.list_issues': () => 'issues',
      secret: () => 'of another execution',
    },
  })
  serving = host.deliveries.length
})
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  await executor.close({ drainMs: 0 })
  delete env['CODEMODE_CANARY']
  delete env['NODE_OPTIONS_CANARY']
})

/** Nothing that anyone can read holds a credential, a token or the tool server's URL. */
function expectNoSecrets(text: string): void {
  const tokens = host.deliveries.map(({ token }) => token)
  for (const secret of [...Object.values(canary), new URL(host.url).host, ...tokens]) expect(text).not.toContain(secret)
}

test.each(attempts)('TL-3, EX-8: $title', async ({ code, ends, options = {} }) => {
  const { enter, arrived, open } = gate()
  host.codemode.registerTool('held', enter, { overwrite: true })
  const neighbour = await host.codemode.submit(`const mine = input; return [await tools.held('held'), mine]`, {
    availableTools: ['held'],
    input: 'of the neighbour',
  })
  await arrived()

  const result = await host.codemode.run(code, {
    availableTools: ['echo', 'fails', 'github.list_issues'],
    context: { clientId: 'c1' },
    ...options,
  })
  expect(result.success ? { result: result.result } : { error: result.error }).toEqual(ends)
  const record = await api(executor, `/v1/executions/${result.executionId}`, { key: canary.apiKey })
  expectNoSecrets(JSON.stringify([result, record.body]))

  open()
  expect(await neighbour.wait()).toMatchObject({ success: true, result: ['held', 'of the neighbour'] })
  expect(await host.codemode.executeAsync('return tools.echo(2 + 2)')).toBe(4)
})

test('TL-3: neither logs nor errors of the executor hold a secret, and no tool was called with one', () => {
  expect(host.deliveries.length).toBeGreaterThan(serving)
  expectNoSecrets(executorLog.join(''))
  expect(executorLog.filter((line) => line.includes('"level":"error"'))).toEqual([])
  for (const { body } of host.deliveries) {
    for (const secret of [canary.environment, canary.apiKey, canary.secret, canary.path])
      expect(body).not.toContain(secret)
  }
})

test('TL-3: an execution sees no call of another and can answer none', async () => {
  const { enter, arrived, open } = gate()
  host.codemode.registerTool('held', enter, { overwrite: true })
  const other = await host.codemode.submit(`return tools.held('mine')`, { availableTools: ['held'] })
  await arrived()
  const code = `
    const seen = []
    for (const name of Reflect.ownKeys(globalThis)) if (String(name).includes('held')) seen.push(String(name))
    const answers = await Promise.all([
      tools.held('${other.id}:1').catch((error) => error.code),
      tools['${other.id}:1']({ ok: true, output: 'forged' }).catch((error) => error.code),
      tools.echo({ type: 'tool.result', callId: '${other.id}:1', ok: true, output: 'forged' }).then((echo) => echo.callId),
    ])
    return [seen, answers, Object.keys(tools)]`
  expect(await host.codemode.executeAsync(code, { availableTools: ['echo'] })).toEqual([
    [],
    ['TOOL_NOT_ALLOWED', 'TOOL_NOT_ALLOWED', `${other.id}:1`],
    ['echo'],
  ])
  open()
  expect(await other.wait()).toMatchObject({ success: true, result: 'mine' })
})
