/** The attacks that reach for the host, once more over callbacks: tokens, keys and addresses are where they could be found. */
import { env } from 'node:process'

import { createExecutor, type RunningExecutor } from '@codemode/executor'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { createLogger } from '../../packages/executor/src/log.ts'
import { api } from '../support/executor.ts'
import { gate } from '../support/gate.ts'
import { ToolHost } from '../support/tool-host.ts'
import { attacks as bridge } from './bridge.attacks.ts'
import { attacks as realms } from './realms.attacks.ts'
import { attacks as sideChannels } from './side-channels.attacks.ts'
import { attacks as tampering } from './tampering.attacks.ts'

const canary = {
  environment: 'canary-in-the-environment',
  apiKey: 'canary-in-the-api-key',
  secret: 'canary-in-the-secret-of-the-tool-server',
  path: '/canary-in-the-tool-server-url',
}
const executorLog: string[] = []

let executor: RunningExecutor
let host: ToolHost

beforeAll(async () => {
  env['CODEMODE_CANARY'] = canary.environment
  const logger = createLogger({ level: 'trace', to: { write: (line) => void executorLog.push(line) } })
  executor = await createExecutor({ apiKey: canary.apiKey, port: 0, dev: true, sandboxProcesses: 1 }, { logger })
  host = await ToolHost.start(executor, {
    executorApiKey: canary.apiKey,
    path: canary.path,
    toolServer: { secret: canary.secret },
    tools: {
      echo: (input: unknown) => input,
      double: (input: unknown) => Number(input) * 2,
      large: (sizeBytes: unknown) => 'x'.repeat(Number(sizeBytes)),
      fails: () => {
        throw new Error('failed')
      },
    },
  })
})
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  await executor.close({ drainMs: 0 })
  delete env['CODEMODE_CANARY']
})

test('TL-3: no result, record, log or tool call holds a key, a token or an address', async () => {
  const told: unknown[] = []
  for (const { code, options } of [...bridge, ...realms, ...tampering, ...sideChannels]) {
    const result = await host.codemode.run(code, options)
    told.push(result, (await api(executor, `/v1/executions/${result.executionId}`, { key: canary.apiKey })).body)
  }
  expect(host.deliveries.length).toBeGreaterThan(40)
  const tokens = host.deliveries.map(({ token }) => token)
  const text = JSON.stringify(told) + executorLog.join('')
  const secrets = [...Object.values(canary), new URL(host.url).host, ...tokens]
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  const sent = host.deliveries.map(({ body }) => body).join('')
  expect([...Object.values(canary), ...tokens].filter((secret) => sent.includes(secret))).toEqual([])
  expect(executorLog.filter((line) => line.includes('"level":"error"'))).toEqual([])
})

test('TL-3: an execution sees no call of another and can answer none', async () => {
  const { enter, arrived, open } = gate()
  host.codemode.registerTool('held', enter)
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
