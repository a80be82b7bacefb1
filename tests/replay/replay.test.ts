import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import type { Codemode } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'
import type { Journal } from '@codemode/shared'

import { api, connect, replayOf, seededRandom, startExecutor } from '@codemode/testkit'
import { isSoak, repeatedInSoak, seedOf } from '../support/seed.ts'
import { randomPrograms } from './random-programs.ts'

const count = isSoak ? 1_000 : 150

let executor: RunningExecutor
let codemode: Codemode
let toolCalls = 0
let random = seededRandom(0)

const answerLate = async (input: unknown) => {
  toolCalls += 1
  await delay(random() * 8)
  return { input, random: random() }
}

beforeAll(async () => {
  executor = await startExecutor()
  codemode = connect(executor, {
    tools: {
      a: answerLate,
      b: answerLate,
      fail: async (input) => {
        if (random() < 0.7) throw new Error(`no ${JSON.stringify(input)}`)
        return answerLate(input)
      },
    },
  })
})
afterAll(async () => {
  await codemode.close()
  await executor.close({ drainMs: 0 })
})

async function journalOf(code: string, options = {}): Promise<Journal> {
  const { executionId } = await codemode.run(code, options)
  return (await api(executor, `/v1/executions/${executionId}/journal`)).body
}

test(
  'random programs replay from their journals to the same calls, logs, timers and results',
  repeatedInSoak,
  async ({ annotate }) => {
    const seed = seedOf(42)
    await annotate(`CODEMODE_FUZZ_SEED=${seed}: ${count} programs`)
    random = seededRandom(seed)
    const programs = randomPrograms(seed, count)
    const journals: Journal[] = []
    const queue = programs.entries()
    await Promise.all(
      Array.from({ length: 24 }, async () => {
        for (const [i, code] of queue) journals[i] = await journalOf(code)
      }),
    )
    const turns = journals.flatMap(({ entries }) => entries.filter(({ type }) => type === 'turn')).length
    expect(turns).toBeGreaterThan(4 * count)
    const callsMade = toolCalls
    const { exitCode, lines } = await replayOf(journals)
    expect(lines.filter((line) => !/: replayed \d+ turns as recorded in the journal/.test(line))).toEqual([])
    expect(lines).toHaveLength(count)
    expect(exitCode).toBe(0)
    expect(toolCalls).toBe(callsMade)
  },
)

test('replay reports a journal whose guest behaves differently as diverged', async () => {
  const journal = await journalOf("console.log('one'); return await tools.a({ city: 'Oslo' })")
  const changed = { ...journal, header: { ...journal.header, code: journal.header.code.replace('Oslo', 'Rome') } }
  const { exitCode, lines } = await replayOf([changed])
  expect(exitCode).toBe(1)
  expect(lines[0]).toMatch(/REPLAY_DIVERGED in turn 1$/)
  expect(lines.join('\n')).toContain('Rome')
})

test('replay says what is wrong with a file that is not a journal', async () => {
  const others = [
    [],
    'text',
    { header: { executionId: 'exe_1' }, entries: [] },
    { header: { version: 99 } },
  ] as unknown as Journal[]
  const { exitCode, lines } = await replayOf(others)
  expect(exitCode).toBe(1)
  const reasons = lines.map((line) => line.slice(line.indexOf(': ') + 2))
  expect(reasons).toEqual([
    'is not a journal from GET /v1/executions/:id/journal',
    'is not a journal from GET /v1/executions/:id/journal',
    expect.stringMatching(
      /^is not a journal from GET \/v1\/executions\/:id\/journal: its field header\.\w+ is missing or not valid$/,
    ),
    expect.stringMatching(/^the journal has version 99, but this executor reads version \d+$/),
  ])
})

test('the journal records an ending that the host decides, and replay stops there', async () => {
  const cpu = await journalOf('await sleep(1); for (;;) {}', { cpuTimeoutMs: 50 })
  const wall = await journalOf("console.log('waits'); await sleep(60_000)", { executionTimeoutMs: 50 })
  expect(cpu.entries.at(-1)).toMatchObject({ type: 'end', error: { code: 'CPU_TIMEOUT' } })
  expect(wall.entries.at(-1)).toMatchObject({ type: 'end', error: { code: 'EXECUTION_TIMEOUT' } })
  const error = { code: 'APPROVAL_REJECTED', name: 'ExecutionError', message: 'no', retryable: false } as const
  const rejection = { type: 'decision', at: wall.entries.at(-1)!.at, call: 1, decision: 'reject', end: error } as const
  const rejected = { ...wall, entries: [...wall.entries.slice(0, -1), rejection] }
  const { exitCode, lines } = await replayOf([cpu, wall, rejected])
  expect(exitCode).toBe(0)
  expect(lines[0]).toContain('ended by the host: CPU_TIMEOUT')
  expect(lines[1]).toContain('ended by the host: EXECUTION_TIMEOUT')
  expect(lines[2]).toContain('ended by the host: APPROVAL_REJECTED')
})

test('the journal keeps payloads byte for byte', async () => {
  const input = { b: 1, a: '\u0000\ud83d\ude00', 10: 2, 9: 1 }
  const journal = await journalOf('return [await tools.a(input), "\\u0000"]', { input })
  expect(journal.header.input).toBe(JSON.stringify(input))
  expect(JSON.stringify(journal.entries)).toContain('\\\\u0000')
  expect((await replayOf([journal])).exitCode).toBe(0)
})

test('an ending with causes and inner errors replays unchanged', { tags: ['EX-8'] }, async () => {
  const code = 'await Promise.any([tools.a(1, 2), Promise.reject(new Error("mine", { cause: "why" }))])'
  const journal = await journalOf(code)
  expect(journal.entries.at(-1)).toMatchObject({
    effects: { end: { name: 'AggregateError', errors: [{ tool: 'a' }, { cause: { message: 'why' } }] } },
  })
  expect((await replayOf([journal])).exitCode).toBe(0)
})
