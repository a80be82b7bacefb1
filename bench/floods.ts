import type { ExecuteOptions, ToolLike } from '@codemode/client'

const KiB = 1024
const MiB = 1024 * KiB

/** Guest code that floods the executor with as much of one kind of output as its limits allow. */
export interface Flood {
  readonly name: string
  readonly code: string
  readonly options?: ExecuteOptions
}

/**
 * Returns an expression for small values nested in arrays, with the most parts that a JSON text of that size can have.
 */
const tinyParts = (bytes: number) => `Array.from({ length: ${Math.floor(bytes / 4) - 1} }, () => [1])`

/** Baseline without a flood. */
export const noFlood: Flood = { name: 'none', code: 'return 1' }

export const floods: readonly Flood[] = [
  { name: 'results of 1 MiB', code: `return 'x'.repeat(${MiB - 2})` },
  { name: 'results of 1 MiB in tiny parts', code: `return ${tinyParts(MiB)}` },
  { name: 'logs of 64 KiB in tiny entries', code: 'for (let i = 0; i < 2_000; i++) console.log("")' },
  {
    name: '256 tool calls of 60 KiB in one turn',
    code: `await Promise.all(Array.from({ length: 256 }, () => tools.take({ text: 'x'.repeat(${60 * KiB}) })))`,
  },
  {
    name: 'errors with huge stacks',
    code: `
      const error = new Error('m'.repeat(${MiB}))
      error.stack += '\\n    at f (code.js:1:1)'.repeat(50_000)
      throw error`,
  },
  {
    name: '16 tool inputs of 1 MiB',
    code: `await Promise.all(Array.from({ length: 16 }, () => tools.take({ text: 'x'.repeat(1_000_000) })))`,
  },
  {
    name: '16 tool inputs of 1 MiB in tiny parts',
    code: `
      const parts = ${tinyParts(1_000_000)}
      await Promise.all(Array.from({ length: 16 }, () => tools.take({ parts })))`,
    // Writing that many parts takes longer than the default limits on a busy machine, and the flood has to complete.
    options: { cpuTimeoutMs: 30_000, executionTimeoutMs: 60_000 },
  },
  { name: 'tool outputs of 4 MiB', code: 'for (let i = 0; i < 3; i++) await tools.text()' },
  { name: 'tool outputs of 4 MiB in tiny parts', code: 'for (let i = 0; i < 3; i++) await tools.parts()' },
  {
    name: '10,000 timers',
    code: 'await Promise.all(Array.from({ length: 10_000 }, (_, i) => sleep(i % 100)))',
  },
]

const fourMiB = 4 * MiB - 1_000
const text = 'x'.repeat(fourMiB)
const parts = Array.from({ length: fourMiB / 4 }, () => [1])

/** Tools that the floods call. */
export const floodTools: Record<string, ToolLike> = { take: () => null, text: () => text, parts: () => parts }
