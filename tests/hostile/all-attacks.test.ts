/**
 * Runs attacks over callbacks, which `runAttacks` does not use, with keys, tokens and addresses in places where they
 * could be found, and replays every journal in another process.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { env } from 'node:process'

import { createExecutor, type RunningExecutor } from '@codemode/executor'
import type { Journal } from '@codemode/shared'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { createLogger } from '../../packages/executor/src/log.ts'
import { api, replayOf, reuseIsolates, ToolHost, toolLatch } from '@codemode/testkit'
import { attacks as afterTheTurn } from './after-the-turn.attacks.ts'
import { attacks as bridge } from './bridge.attacks.ts'
import { attacks as forging } from './forging.attacks.ts'
import { attacks as marshalling } from './marshalling.attacks.ts'
import { attacks as prototypes } from './prototypes.attacks.ts'
import { attacks as realms } from './realms.attacks.ts'
import { attacks as sideChannels } from './side-channels.attacks.ts'
import { expectEnds } from './run-attacks.ts'
import { attacks as source } from './source.attacks.ts'
import { attacks as tampering } from './tampering.attacks.ts'

const attacks = [
  ...afterTheTurn,
  ...bridge,
  ...forging,
  ...marshalling,
  ...prototypes,
  ...realms,
  ...sideChannels,
  ...source,
  ...tampering,
]

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
  const config = { apiKey: canary.apiKey, port: 0, dev: true, sandboxProcesses: 2, reuseIsolates }
  executor = await createExecutor(config, { logger })
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

test(
  'no result, event or journal contains a key, a token or an address, and every attack replays',
  { tags: ['TL-3', 'EX-8'] },
  async () => {
    const outputs: unknown[] = []
    const journals: Journal[] = []
    const queue = attacks.values()
    const runSome = async () => {
      for (const { title, code, options, ends } of queue) {
        const result = await host.codemode.run(code, options)
        expectEnds(result, ends)
        const path = `/v1/executions/${result.executionId}`
        const [record, journal] = await Promise.all(
          [path, `${path}/journal`].map((each) => api(executor, each, { key: canary.apiKey })),
        )
        outputs.push(result, record!.body, journal!.body)
        // V8 does not repeat the depth at which the stack overflows.
        if (!title.includes('overflow')) journals.push(journal!.body)
      }
    }
    await Promise.all(Array.from({ length: 4 }, runSome))

    expect(host.deliveries.length).toBeGreaterThan(80)
    const tokens = host.deliveries.map(({ token }) => token)
    const text = JSON.stringify(outputs) + executorLog.join('')
    const secrets = [...Object.values(canary), new URL(host.url).host, ...tokens]
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
    const sent = host.deliveries.map(({ body }) => body).join('')
    expect([...Object.values(canary), ...tokens].filter((secret) => sent.includes(secret))).toEqual([])
    expect(executorLog.filter((line) => line.includes('"level":"error"'))).toEqual([])

    const { exitCode, lines } = await replayOf(journals)
    expect(lines.filter((line) => !line.includes('as recorded in the journal')).slice(0, 20)).toEqual([])
    expect(lines).toHaveLength(journals.length)
    expect(exitCode).toBe(0)
  },
)

test('an execution sees no call of another and can answer none', { tags: ['TL-3'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  host.codemode.registerTool('held', enter)
  const other = await host.codemode.submit(`return tools.held('mine')`, { availableTools: ['held'] })
  await arrived()
  const code = `
    const seen = []
    for (const name of Reflect.ownKeys(globalThis)) if (String(name).includes('held')) seen.push(String(name))
    const answers = await Promise.all([
      typeof tools.held,
      typeof tools['${other.id}:1'],
      tools.echo({ type: 'tool.result', callId: '${other.id}:1', ok: true, output: 'forged' }).then((echo) => echo.callId),
    ])
    return [seen, answers, Object.keys(tools)]`
  expect(await host.codemode.executeAsync(code, { availableTools: ['echo'] })).toEqual([
    [],
    ['undefined', 'undefined', `${other.id}:1`],
    ['echo'],
  ])
  open()
  expect(await other.wait()).toMatchObject({ success: true, result: 'mine' })
})

test('every file of attacks is run by the test file of its name', { tags: ['EX-2'] }, async () => {
  const here = import.meta.dirname
  const areas = (await readdir(here)).flatMap((name) => /^(.+)\.attacks\.ts$/.exec(name)?.[1] ?? [])
  expect(areas).toContain('abort')
  for (const area of areas) {
    const text = await readFile(join(here, `${area}.test.ts`), 'utf8')
    expect(text).toMatch(new RegExp(`^import \\{.*\\battacks\\b.*\\} from './${area}\\.attacks\\.ts'$`, 'm'))
    expect(text).toMatch(/^runAttacks\('[^']+', attacks(?:, \{ mayEndProcesses: true \})?\)$/m)
  }
})
