import { setTimeout as delay } from 'node:timers/promises'

import { expect, test } from 'vitest'

import type { Journal } from '@codemode/shared'

import { randomPrograms } from '../replay/random-programs.ts'
import { api, connect, killSandboxProcesses, replayOf, seededRandom, startExecutor } from '@codemode/testkit'
import { isSoak, repeatedInSoak, seedOf } from '../support/seed.ts'

const programs = isSoak ? 150 : 75

test(
  'random programs continue from the middle of their journals after repeated kills of their processes',
  repeatedInSoak,
  async ({ annotate }) => {
    const seed = seedOf(7)
    await annotate(`CODEMODE_FUZZ_SEED=${seed}`)
    const random = seededRandom(seed)
    await using executor = await startExecutor()
    const calls = new Map<string, number>()
    const count = (callId: string): number => {
      const times = (calls.get(callId) ?? 0) + 1
      calls.set(callId, times)
      // After as many calls as there are programs all sandbox processes die, at an arbitrary point of the programs.
      if (calls.size % programs === 0) killSandboxProcesses()
      return times
    }
    const answer = async (input: unknown, { callId }: { readonly callId: string }) => {
      count(callId)
      await delay(random() * 8)
      return { input, random: random() }
    }
    await using codemode = connect(executor, {
      // Much longer than on an idle machine.
      executionTimeoutMs: 300_000,
      tools: {
        a: answer,
        b: answer,
        fail: async (_input, { callId }) => {
          count(callId)
          throw new Error('no')
        },
      },
    })
    const results = await codemode.executeAll(randomPrograms(seed, programs))
    expect(results.filter(({ success }) => !success)).toEqual([])
    expect(results.reduce((sum, { usage }) => sum + usage.replays, 0)).toBeGreaterThan(10)
    expect([...calls.values()].filter((times) => times !== 1)).toEqual([])
    const journals: Journal[] = []
    for (const { executionId } of results) {
      journals.push((await api(executor, `/v1/executions/${executionId}/journal`)).body)
    }
    const { exitCode, lines } = await replayOf(journals)
    expect(lines.filter((line) => !line.includes('turns as recorded in the journal'))).toEqual([])
    expect(exitCode).toBe(0)
  },
)
