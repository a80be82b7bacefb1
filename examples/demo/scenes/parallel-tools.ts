import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'

import { tool, type ClientConfig } from '@codemode/client'
import { z } from 'zod'

import { printCode, printFact } from '../print.ts'
import { connect, type Scene } from '../scene.ts'

const code = `
const cities = ['Oslo', 'Rome', 'Lima', 'Cairo']
const all = await Promise.all(cities.map((city) => tools.weather({ city })))
return all.toSorted((a, b) => b.celsius - a.celsius)[0]
`.trim()

const celsius: Readonly<Record<string, number>> = { Oslo: 4, Rome: 17, Lima: 22, Cairo: 31 }
const cityCount = Object.keys(celsius).length
const toolMs = 200

/** Scene without a `toolServer`: the calls arrive as events of the execution's stream, and the client opens no port. */
export const toolsByStream = parallelTools('The same program, its tools called through the event stream', {})

/** Scene with a `toolServer`: the client listens on a port, and the executor calls it. */
export const toolsByCallback = parallelTools('Parallel tools, called back over HTTP', { toolServer: { port: 0 } })

function parallelTools(title: string, config: Partial<ClientConfig>): Scene {
  return {
    title,
    async play(executor) {
      const handlers = observedHandlers()
      await using codemode = connect(executor, {
        ...config,
        toolTimeoutMs: 10_000,
        tools: {
          weather: tool({
            inputSchema: z.object({ city: z.string() }),
            execute: ({ city }, { signal }) => handlers.serve(city, signal),
          }),
        },
      })
      printCode(code)
      const execution = await codemode.run(code)
      assert.ok(execution.success)
      printFact('result', JSON.stringify(execution.result))
      printFact('handlers', handlers.timeline())
      printFact('at once', `${handlers.most} of ${cityCount}: every handler started before one ended`)
      assert.deepEqual(execution.result, { city: 'Cairo', celsius: 31 })
      assert.equal(handlers.most, cityCount)
    },
  }
}

/** Returns handlers that answer only when all of them have been called; sequential calls would never end. */
function observedHandlers() {
  let startedAt: number | undefined
  const spans: { city: string; fromMs: number; toMs: number }[] = []
  const allCalled = Promise.withResolvers<void>()
  let inFlight = 0
  let most = 0
  return {
    async serve(city: string, signal: AbortSignal) {
      startedAt ??= performance.now()
      const span = { city, fromMs: performance.now() - startedAt, toMs: Infinity }
      spans.push(span)
      inFlight += 1
      most = Math.max(most, inFlight)
      if (inFlight === cityCount) allCalled.resolve()
      await allCalled.promise
      await setTimeout(toolMs, undefined, { signal })
      span.toMs = performance.now() - startedAt
      inFlight -= 1
      return { city, celsius: celsius[city] ?? 0 }
    },
    get most() {
      return most
    },
    timeline(): string {
      const end = Math.max(...spans.map(({ toMs }) => toMs))
      const column = (ms: number): number => Math.round((ms / end) * 48)
      return spans
        .map(({ city, fromMs, toMs }) => {
          const bar = ' '.repeat(column(fromMs)) + '█'.repeat(column(toMs) - column(fromMs))
          return `${city.padEnd(6)}${bar.padEnd(49)} ${fromMs.toFixed(0)} to ${toMs.toFixed(0)} ms`
        })
        .join('\n')
    },
  }
}
