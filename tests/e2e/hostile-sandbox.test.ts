/**
 * Tests the executor against a sandbox process that guest code has taken over: it reports arbitrary effects, and the
 * executor still forwards nothing that is not allowed.
 */
import type { TurnEffects } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import type { RunningExecutor } from '@codemode/executor'

import { sandboxMessageSchema } from '../../packages/executor/src/sandbox/protocol.ts'
import { connect, transports } from '@codemode/testkit'
import { noEffects, startOnHostileSandbox } from '../support/hostile-sandbox.ts'

type Effects = Partial<TurnEffects>

/** Starts an executor whose sandbox reports these effects for its first turns; each later turn returns its delivery. */
function startHostile(turns: readonly Effects[]): Promise<RunningExecutor> {
  let turn = 0
  return startOnHostileSandbox({
    turn(delivery) {
      const said = turns[turn++] ?? { end: { ok: true, result: JSON.stringify(delivery) } }
      return { type: 'turn', cpuMs: 1, effects: { ...noEffects, ...said } }
    },
    // The unhandled rejection fails the test.
    observer: { executionFailedByBug: (bug) => void Promise.reject(bug) },
  })
}

/** Runs code against the reported effects, and returns the result with everything that the tools received. */
async function run(turns: readonly Effects[], config: (typeof transports)[number]['config']) {
  const served: unknown[] = []
  const tools = { weather: (input: unknown) => void served.push(input), bank: () => void served.push('bank') }
  await using executor = await startHostile(turns)
  await using codemode = connect(executor, { ...config, tools })
  return { result: await codemode.run('1', { availableTools: ['weather'] }), served }
}

describe.each(transports)('over $transport', ({ config }) => {
  test('the executor sends no call of a tool that is not on the list', { tags: ['TL-3'] }, async () => {
    const { result, served } = await run([{ calls: [{ call: 1, tool: 'bank', input: '{}' }] }], config)
    expect(served).toEqual([])
    expect(result).toMatchObject({
      success: true,
      result: { kind: 'answer', call: 1, ok: false, text: expect.stringContaining('TOOL_NOT_ALLOWED') },
      toolCalls: [{ tool: 'bank', status: 'failed', errorCode: 'TOOL_NOT_ALLOWED' }],
    })
  })

  test.each([
    ['is not JSON', '{}, "tool": "bank"'],
    ['breaks out of an envelope', '1}, "tool": "bank", "x": {"y": 1'],
    ['is two values', '1 2'],
    ['is empty', ''],
  ])('the executor sends no call whose input %s', { tags: ['TL-3'] }, async (_what, input) => {
    const { result, served } = await run([{ calls: [{ call: 1, tool: 'weather', input }] }], config)
    expect(served).toEqual([])
    expect(result.toolCalls).toMatchObject([{ tool: 'weather', status: 'failed', errorCode: 'TOOL_INPUT_INVALID' }])
  })

  test('the executor sends no input above the limit', { tags: ['TL-2', 'TL-3'] }, async () => {
    const input = JSON.stringify('x'.repeat(1024 * 1024))
    const { result, served } = await run([{ calls: [{ call: 1, tool: 'weather', input }] }], config)
    expect(served).toEqual([])
    expect(result.toolCalls).toMatchObject([{ status: 'failed', errorCode: 'TOOL_INPUT_TOO_LARGE' }])
  })
})

test.each<[string, Effects[]]>([
  [
    'repeats a call number',
    [
      {
        calls: [
          { call: 1, tool: 'weather', input: '1' },
          { call: 1, tool: 'weather', input: '2' },
        ],
      },
    ],
  ],
  [
    'makes more calls than allowed',
    [{ calls: Array.from({ length: 1_001 }, (_, i) => ({ call: i + 1, tool: 'weather', input: '1' })) }],
  ],
  ['prints more than allowed', [{ logs: [{ level: 'log', text: 'x'.repeat(128 * 1024) }] }]],
  ['gives a result that is not JSON', [{ end: { ok: true, result: '{' } }]],
  ['gives a larger result than allowed', [{ end: { ok: true, result: JSON.stringify('x'.repeat(1024 * 1024)) } }]],
])(
  'the executor ends a sandbox process that %s, and passes on none of it',
  { tags: ['TL-3', 'EX-8'] },
  async (_what, turns) => {
    const { result, served } = await run(turns, transports[1].config)
    expect(served).toEqual([])
    expect(result).toMatchObject({ success: false, error: { code: 'SANDBOX_CRASHED' }, toolCalls: [], logs: [] })
  },
)

const nested = (levels: number) => `${'{"0":'.repeat(levels)}\n1${'}'.repeat(levels)}`

test(
  'a result nested to the limit is delivered, and one that is deeper violates the protocol',
  { tags: ['EX-1'] },
  async () => {
    for (const { config } of transports) {
      const { result: delivered } = await run([{ end: { ok: true, result: nested(1_000) } }], config)
      expect(delivered).toMatchObject({ success: true, result: { 0: { 0: { 0: {} } } } })
      const { result: refused } = await run([{ end: { ok: true, result: nested(50_000) } }], config)
      expect(refused).toMatchObject({ success: false, error: { code: 'SANDBOX_CRASHED' } })
    }
  },
)

test('an input nested deeper than the limit is refused, and reaches no tool', { tags: ['TL-2'] }, async () => {
  for (const levels of [1_001, 20_000]) {
    for (const { config } of transports) {
      const { result, served } = await run([{ calls: [{ call: 1, tool: 'weather', input: nested(levels) }] }], config)
      expect(served).toEqual([])
      expect(result).toMatchObject({ toolCalls: [{ tool: 'weather', errorCode: 'TOOL_INPUT_INVALID' }] })
    }
  }
})

test('details that are nested too deeply violate the protocol, and nothing else', { tags: ['EX-8'] }, async () => {
  let details: object = {}
  for (let i = 0; i < 30_000; i++) details = { 0: details }
  const end = { ok: false, code: 'GUEST_ERROR', name: 'Error', message: 'x', details: details as never } as const
  const { result } = await run([{ end }], transports[1].config)
  expect(result).toMatchObject({ success: false, error: { code: 'SANDBOX_CRASHED' } })
})

test.each(['CANCELLED', 'REPLAY_DIVERGED', 'CPU_TIMEOUT', 'SANDBOX_CRASHED'] as const)(
  '%s violates the protocol when a sandbox process reports it: only the host decides it',
  { tags: ['EX-8'] },
  (code) => {
    const end = { ok: false, code, name: 'Error', message: 'forged' }
    const turn = {
      type: 'turn',
      guest: 1,
      cpuMs: 1,
      unfitForNewGuests: false,
      guestBytes: 1,
      effects: { ...noEffects, end },
    }
    expect(sandboxMessageSchema.safeParse(turn).success).toBe(false)
    expect(sandboxMessageSchema.safeParse({ ...turn, effects: noEffects }).success).toBe(true)
  },
)
