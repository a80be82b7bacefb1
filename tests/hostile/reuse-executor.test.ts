/**
 * Isolates that serve several guests, over HTTP. A guest that exhausts its memory in an isolate that has had others is
 * rebuilt in another one, which its record counts as a replay: so a replay proves that the isolate was a used one.
 */
import { describe, expect, test } from 'vitest'

import type { ExecuteOptions, ExecutionResult } from '@codemode/client'
import type { Journal } from '@codemode/shared'

import { api, replayOf } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'
import { memoryLeftovers } from './remaining-memory.ts'
import { leftovers } from './remaining-state.ts'

const calls: unknown[] = []
const echo = (input: unknown) => {
  calls.push(input)
  return input
}
const suite = useCodemode({ executor: { sandboxProcesses: 1, reuseIsolates: true }, client: { tools: { echo } } })

const memoryLimitMb = 32
/** Maximum number of executions after which one must have had a used isolate. */
const maxAttempts = 10
/**
 * Number of guests before each of them. A process keeps isolates of another memory limit only from the second guest on, and
 * one that has had a guest without memory is replaced.
 */
const guestsBefore = 4
const exhaustMemory = 'const all = []; for (;;) all.push(new Array(1e4).fill(1.5))'

async function journalOf({ executionId }: ExecutionResult): Promise<Journal> {
  return (await api(suite.executor, `/v1/executions/${executionId}/journal`)).body
}

/** Runs code that exhausts its memory, after `before` each time, until it has had a used isolate. */
async function runInUsedIsolate(before: string, code: string, options: ExecuteOptions): Promise<ExecutionResult> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    for (let i = 0; i < guestsBefore; i++) {
      const result = await suite.codemode.run(before, options)
      expect('error' in result ? result.error : undefined).toBe(undefined)
    }
    calls.length = 0
    const result = await suite.codemode.run(code, options)
    expect(result).toMatchObject({ success: false, error: { code: 'MEMORY_LIMIT' } })
    if (result.usage.replays > 0) return result
  }
  throw new Error('no execution has had a used isolate')
}

describe('a guest that exhausts its memory in a used isolate', { tags: ['EX-2', 'EX-8'] }, () => {
  test('fails once, after it has failed in an isolate of its own too; its calls are not made again', async () => {
    const code = `console.log('first'); await tools.echo('call'); console.log('second'); ${exhaustMemory}`
    const result = await runInUsedIsolate('return 1', code, { memoryLimitMb, cpuTimeoutMs: 30_000 })
    expect(result).toMatchObject({
      error: { code: 'MEMORY_LIMIT', details: { limitMb: memoryLimitMb, option: 'memoryLimitMb' } },
      logs: [{ text: 'first' }, { text: 'second' }],
      toolCalls: [{ tool: 'echo', status: 'completed' }],
      usage: { replays: 1 },
    })
    expect(calls).toEqual(['call'])
    const { entries } = await journalOf(result)
    expect(entries.map(({ type }) => type)).toEqual(['claim', 'turn', 'answer', 'end'])
    expect(entries.at(-1)).toMatchObject({ error: { code: 'MEMORY_LIMIT' } })
  })

  test('is no fault of the tenant if it ends by itself with a failed allocation', async () => {
    for (let i = 0; i < 10; i++) {
      expect(await suite.codemode.executeAsync('return 1')).toBe(1)
      const result = await suite.codemode.run('return new Uint8Array(1e9).length')
      expect(result).toMatchObject({ success: false, error: { code: 'MEMORY_LIMIT' } })
    }
    expect(await suite.codemode.executeAsync('return 1')).toBe(1)
  })

  test('does not fail if it fits in an isolate of its own, whatever earlier guests have left', async () => {
    const fitting = `const all = []; for (let i = 0; i < 240; i++) all.push(new Array(1e4).fill(i + 0.5)); return all.length`
    const full = `for (let i = 0; i < 90_000; i++) Symbol.for('symbol ' + Math.random()); globalThis.kept = []; for (let i = 0; i < 60; i++) kept.push(new Array(1e4).fill(0.5)); return 1`
    for (let i = 0; i < 20; i++) {
      expect(await suite.codemode.executeAsync(full, { memoryLimitMb })).toBe(1)
      expect(await suite.codemode.executeAsync(fitting, { memoryLimitMb })).toBe(240)
    }
  })
})

/** One of four leftovers: `reuse.test.ts` has all of them. */
const some = [...leftovers, ...memoryLeftovers]
  .filter(({ isolate }) => isolate === undefined)
  .filter((_, i) => i % 4 === 0)

test(
  'guests of one process find nothing of earlier ones in the same isolate, and their journals replay in another process',
  { tags: ['EX-2'] },
  async () => {
    const journals: Journal[] = []
    for (const { title, leave, look, clean } of some) {
      const code = `console.log(JSON.stringify(await (async () => { ${look} })())); await tools.echo('call'); ${exhaustMemory}`
      const result = await runInUsedIsolate(`${leave}; return 1`, code, { memoryLimitMb: 64, cpuTimeoutMs: 30_000 })
      expect([title, result.logs.at(-1)?.text]).toEqual([title, JSON.stringify(clean)])
      journals.push(await journalOf(result))
    }
    const { exitCode, lines } = await replayOf(journals)
    expect(lines.filter((line) => !line.includes('ended by the host: MEMORY_LIMIT'))).toEqual([])
    expect(exitCode).toBe(0)
  },
)
