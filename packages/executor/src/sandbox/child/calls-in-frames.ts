import type { ToolCallEffect } from '../protocol.ts'

/** Calls with more text than this together are sent in several frames. */
const maxFrameLength = 256 * 1024

/** Splits a turn's calls, in order, into those that go ahead in frames of their own and those that go with the turn. */
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
