import type { ToolCallEffect } from '../protocol.ts'

/** Maximum length of the inputs of the calls in one frame, in UTF-16 units, unless a single call is longer. */
const maxFrameLength = 256 * 1024

/**
 * Splits a turn's calls, in order, into those that are sent ahead in frames of their own and those that are sent with
 * the turn's report.
 */
export function callsInFrames(calls: readonly ToolCallEffect[]): {
  ahead: ToolCallEffect[][]
  last: ToolCallEffect[]
} {
  const ahead: ToolCallEffect[][] = []
  let last: ToolCallEffect[] = []
  let length = 0
  for (const call of calls) {
    length += call.input.length
    if (length > maxFrameLength && last.length > 0) {
      ahead.push(last)
      last = []
      length = call.input.length
    }
    last.push(call)
  }
  return { ahead, last }
}
