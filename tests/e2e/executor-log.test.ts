import { expect, test } from 'vitest'

import { api, apiKey, connect, transports } from '@codemode/testkit'

import { createExecutor } from '../../packages/executor/src/index.ts'
import { createLogger } from '../../packages/executor/src/log.ts'

interface Line {
  readonly msg: string
  readonly executionId?: string
}

const payload = 'a-secret-of-the-guest'

test.each(transports)(
  'over $transport, each execution has one line with its outcome, and no line has a payload',
  { tags: ['OP-1'] },
  async ({ transport, config }) => {
    const texts: string[] = []
    const logger = createLogger({ level: 'debug', to: { write: (line) => void texts.push(line) } })
    await using executor = await createExecutor({ apiKey, port: 0, dev: true, store: 'none' }, { logger })
    await using codemode = connect(executor, { ...config, tools: { echo: (input: unknown) => input } })
    const correlationId = 'the-id-of-the-request'
    const succeeded = await codemode.run(`console.log("${payload}"); return await tools.echo({ text: "${payload}" })`, {
      label: 'report',
      correlationId,
    })
    const failed = await codemode.run('throw new Error(input)', { input: payload })
    await api(executor, '/v1/executions', { body: { code: 1, input: payload } })
    const lines = texts.map((text) => JSON.parse(text) as Line)
    const ended = lines.filter(({ msg }) => msg === 'an execution has ended')
    expect(ended).toMatchObject([
      {
        level: 'info',
        executionId: succeeded.executionId,
        correlationId,
        tenant: 'default',
        label: 'report',
        kind: 'attached',
        outcome: 'completed',
        toolCalls: 1,
        turns: succeeded.usage.turns,
        wallMs: succeeded.usage.wallMs,
      },
      { executionId: failed.executionId, outcome: 'failed', code: 'GUEST_ERROR', toolCalls: 0 },
    ])
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'debug', tool: 'echo', transport, outcome: 'completed', correlationId }),
    )
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'a request was refused', code: 'INVALID_REQUEST', tenant: 'default' }),
    )
    expect(texts.join('')).not.toContain(payload)
    expect(texts.join('')).not.toContain(apiKey)
  },
)
