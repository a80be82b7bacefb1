import { describe, expect, test } from 'vitest'

import type { ExecutionResult } from '@codemode/client'

import { connect, freePort, startExecutor, startKillingProxy, transports } from '@codemode/testkit'
import { isSoak, repeatedInSoak, seedOf } from '../support/seed.ts'

const executions = isSoak ? 2_000 : 250
const atOnce = 64
const callsEach = 3
/**
 * Probability that a connection is killed within a stretch of bytes; a request with its answer has one or two thousand
 * bytes.
 */
const kills = { killProbability: 0.2, intervalBytes: 4_096 }

const code = `
  const first = await tools.step(1)
  return [input, first, ...(await Promise.all([tools.step(2), tools.step(3)]))]`

describe.each(transports)('over $transport', ({ transport }) => {
  test(
    'executions give their results although a fifth of the connections break',
    { tags: ['RT-1', 'RT-2', 'EX-2'], ...repeatedInSoak },
    async ({ annotate }) => {
      const seed = seedOf(3)
      await annotate(`CODEMODE_FUZZ_SEED=${seed}: ${executions} executions`)
      await using executor = await startExecutor()
      const port = await freePort()
      await using before = await startKillingProxy({ target: executor, seed, ...kills })
      await using behind = await startKillingProxy({
        target: { url: `http://127.0.0.1:${port}` },
        seed: seed + 1,
        ...kills,
      })
      const runs = new Map<string, number>()
      await using codemode = connect(before, {
        ...(transport === 'callback' && { toolServer: { port, url: behind.url } }),
        retry: { maxAttempts: 8, backoffBaseMs: 5 },
        tools: {
          step: (input, { callId }) => {
            runs.set(callId, (runs.get(callId) ?? 0) + 1)
            return input
          },
        },
      })
      const results: ExecutionResult[] = []
      let next = 0
      const work = async (): Promise<void> => {
        for (let number = next++; number < executions; number = next++) {
          // Every other execution goes through its handle.
          const options = { input: number }
          results[number] =
            number % 2 === 0
              ? await codemode.run(code, options)
              : await codemode.submit(code, options).then((execution) => execution.wait())
        }
      }
      await Promise.all(Array.from({ length: atOnce }, work))

      expect(results.filter(({ success }) => !success)).toEqual([])
      expect(results.map((result) => result.success && result.result)).toEqual(
        Array.from({ length: executions }, (_, number) => [number, 1, 2, 3]),
      )
      expect(runs.size).toBe(executions * callsEach)
      expect(new Set(runs.values())).toEqual(new Set([1]))
      const proxies = transport === 'callback' ? [before, behind] : [before]
      for (const { opened, killed } of proxies) {
        expect(killed).toBeGreaterThanOrEqual(opened / 5)
        expect(killed).toBeGreaterThan(executions / 20)
      }
    },
  )
})
