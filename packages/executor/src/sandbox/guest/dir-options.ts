import type { InspectOptions } from './inspect.ts'
import { columnsLength } from './inspect-layout.ts'
import type { Primordials } from './primordials.ts'

/** Returns those of the options of Node's `console.dir` that the inspector has. `null` means no limit. */
export function readDirOptions(p: Primordials, options: object): InspectOptions {
  const { depth, maxArrayLength, maxStringLength, breakLength, compact, sorted } = options as Record<string, unknown>
  const lineLength = limitOf(breakLength)
  return {
    __proto__: null,
    depth: limitOf(depth) ?? 2,
    maxItems: limitOf(maxArrayLength),
    maxTextLength: limitOf(maxStringLength),
    lineLength: lineLength === undefined ? undefined : p.MathMax(lineLength - columnsLength, 0),
    flatLevels: compact === false ? 0 : limitOf(compact),
    isSorted: sorted === true,
  }
}

function limitOf(value: unknown): number | undefined {
  if (value === null) return Infinity
  return typeof value === 'number' && value >= 0 ? value : undefined
}
