import { expect, test } from 'vitest'

import { combineObservers, type ExecutionEnd, type ObservedExecution } from '../engine/engine-observer.ts'
import { createLogger, type LogLevel } from '../log.ts'
import { logObserver } from './log-observer.ts'

function observed(level: LogLevel = 'info') {
  const lines: unknown[] = []
  const logger = createLogger({ level, to: { write: (line) => void lines.push(JSON.parse(line)) } })
  return { lines, observer: combineObservers([logObserver(logger)]) }
}

test('a bug is logged with its stack and the ids of the execution', () => {
  const { lines, observer } = observed()
  observer.executionFailedByBug(new Error('oops'), { executionId: 'exe_1', correlationId: 'cor_1' })
  expect(lines).toMatchObject([
    {
      level: 'error',
      executionId: 'exe_1',
      correlationId: 'cor_1',
      err: { message: 'oops', stack: expect.stringContaining('log-observer') as string },
    },
  ])
})

test('the end of a sandbox process and the throttling of a tenant are warnings', () => {
  const { lines, observer } = observed()
  observer.sandboxProcessEnded('killed by SIGKILL')
  observer.tenantThrottled('acme', 500)
  expect(lines).toMatchObject([
    { level: 'warn', reason: 'killed by SIGKILL' },
    { level: 'warn', tenant: 'acme', throttledMs: 500 },
  ])
})

test('only the weakest isolation is a warning', () => {
  const { lines, observer } = observed()
  observer.sandboxStarted({ tier: 'bubblewrap', layers: [] })
  observer.sandboxStarted({ tier: 'permissions', layers: [] })
  expect(lines).toMatchObject([{ level: 'warn', tier: 'permissions' }])
})

const execution: ObservedExecution = {
  executionId: 'exe_1',
  correlationId: 'cor_1',
  tenant: 'acme',
  keyId: 'key-1',
  label: 'report',
  kind: 'step',
  session: { id: 'ses_1', step: 2 },
  toolTransport: 'stream',
}
const end: ExecutionEnd = {
  execution,
  outcome: 'failed',
  code: 'GUEST_ERROR',
  usage: { cpuMs: 3, wallMs: 40, queueMs: 5, waitMs: 20, turns: 2, replays: 1 },
  toolCalls: 4,
  warnings: 1,
  sizes: { code: 10, input: 2, result: 0, journal: 900 },
}

test('an execution has one line, at its end', { tags: ['OP-1'] }, () => {
  const { lines, observer } = observed()
  observer.executionStarted(execution)
  observer.toolCallEnded(
    { number: 1, tool: 'add', status: 'completed', errorCode: undefined, sentAt: 1, durationMs: 7 },
    execution,
  )
  observer.executionParked(execution, 'timer', undefined)
  observer.executionEnded(end)
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.any(String) as string,
      name: 'codemode-executor',
      msg: 'an execution has ended',
      executionId: 'exe_1',
      correlationId: 'cor_1',
      tenant: 'acme',
      kind: 'step',
      sessionId: 'ses_1',
      step: 2,
      keyId: 'key-1',
      label: 'report',
      outcome: 'failed',
      code: 'GUEST_ERROR',
      wallMs: 40,
      cpuMs: 3,
      queueMs: 5,
      waitMs: 20,
      turns: 2,
      toolCalls: 4,
      replays: 1,
      warnings: 1,
      codeBytes: 10,
      inputBytes: 2,
      resultBytes: 0,
      journalBytes: 900,
    },
  ])
})

test('at debug, tool calls and parks have lines too', { tags: ['OP-1'] }, () => {
  const { lines, observer } = observed('debug')
  observer.toolCallEnded(
    { number: 1, tool: 'add', status: 'failed', errorCode: 'TOOL_TIMEOUT', sentAt: 1, durationMs: 7 },
    execution,
  )
  observer.executionParked(execution, 'deferred', undefined)
  expect(lines).toMatchObject([
    {
      level: 'debug',
      tool: 'add',
      transport: 'stream',
      outcome: 'failed',
      code: 'TOOL_TIMEOUT',
      durationMs: 7,
      call: 1,
    },
    { level: 'debug', waitsFor: 'deferred', executionId: 'exe_1' },
  ])
})

test('the code that a tool has made up is cut', () => {
  const { lines, observer } = observed('debug')
  const call = {
    number: 1,
    tool: 'add',
    status: 'failed',
    errorCode: 'X'.repeat(1_000_000),
    sentAt: 1,
    durationMs: 7,
  } as const
  observer.toolCallEnded(call, execution)
  expect(lines).toMatchObject([{ code: 'X'.repeat(64) }])
})

test('an execution that needs attention, is taken over or lost is a warning', () => {
  const { lines, observer } = observed()
  observer.executionParked(execution, 'attention', 'REPLAY_DIVERGED')
  observer.executionTakenOver(execution)
  observer.executionLost(execution)
  expect(lines).toMatchObject([
    { level: 'warn', code: 'REPLAY_DIVERGED', executionId: 'exe_1' },
    { level: 'warn', msg: expect.stringContaining('taken over') as string },
    { level: 'warn', msg: expect.stringContaining('lost') as string },
  ])
})

test(
  'a refusal has a line with its reason; in a flood, few lines with the number of the others',
  { tags: ['OP-1'] },
  () => {
    const { lines, observer } = observed()
    const refusal = {
      code: 'RATE_LIMITED',
      message: 'full',
      correlationId: 'c',
      tenant: 'acme',
      keyId: 'key-1',
    } as const
    for (let n = 0; n < 50; n++) observer.requestRefused(refusal)
    observer.requestRefused({ ...refusal, code: 'INTERNAL' })
    expect(lines).toHaveLength(10)
    expect(lines[0]).toMatchObject({
      level: 'info',
      code: 'RATE_LIMITED',
      reason: 'full',
      tenant: 'acme',
      keyId: 'key-1',
    })
  },
)
