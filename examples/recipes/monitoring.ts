/**
 * Collects metrics for a dashboard: counts by outcome, failing tools, slow executions. The code that runs executions
 * does not change. With OpenTelemetry set up, the same data is in its spans.
 */
import assert from 'node:assert/strict'

import { Codemode, type Logger } from '@codemode/client'

const lines: string[] = []
const logger: Logger = {
  debug: () => {},
  info: (message, fields) => lines.push(`info  ${message} ${String(fields['label'])}`),
  warn: (message, fields) => lines.push(`warn  ${message} ${String(fields['label'])}`),
  error: (message, fields) => lines.push(`error ${message} ${String(fields['tool'])}`),
}

await using codemode = Codemode.fromEnv({
  logger,
  tools: {
    stock: ({ item }: { item: string }) => {
      if (item === 'unknown') throw Object.assign(new Error('no such item'), { code: 'NO_ITEM' })
      return 3
    },
  },
})

const outcomes = new Map<string, number>()
const toolFailures: string[] = []
codemode.on('settle', ({ status, error }) => {
  const outcome = error?.code ?? status
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
})
codemode.on('tool', ({ tool, error }) => {
  if (error) toolFailures.push(`${tool}: ${error.code}`)
})

await codemode.run('return tools.stock({ item: "pen" })', { label: 'fine' })
await codemode.run('return tools.stock({ item: "unknown" })', { label: 'no item' })
await codemode.run('while (true);', { label: 'endless', cpuTimeoutMs: 50 })

assert.deepEqual(Object.fromEntries(outcomes), { completed: 1, GUEST_ERROR: 1, CPU_TIMEOUT: 1 })
assert.deepEqual(toolFailures, ['stock: NO_ITEM'])
assert.deepEqual(lines, [
  'info  execution completed fine',
  'error tool handler failed stock',
  'warn  execution failed no item',
  'warn  execution failed endless',
])
const { total, successful, failed, running } = codemode.stats()
assert.deepEqual({ total, successful, failed, running }, { total: 3, successful: 1, failed: 2, running: 0 })
console.log(lines.join('\n'))
