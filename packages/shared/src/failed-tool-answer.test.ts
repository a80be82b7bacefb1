import { expect, test } from 'vitest'

import { toolCancelled, toolFailed, toolOutputTooLarge } from './failed-tool-answer.ts'
import { toolAnswerSchema } from './protocol/tool.ts'

test.each([
  toolFailed('TOOL_TIMEOUT', 'too slow', { timeoutMs: 5 }),
  toolCancelled('pay'),
  toolOutputTooLarge('pay'),
  toolOutputTooLarge('pay', 9, 8),
])('%j is an answer on the wire', (answer) => {
  expect(toolAnswerSchema.parse(answer)).toEqual(answer)
})

test('a failure is retryable if its code is', () => {
  expect(toolFailed('TOOL_TIMEOUT', 'x').error.retryable).toBe(true)
  expect(toolFailed('TOOL_INPUT_INVALID', 'x').error.retryable).toBe(false)
})

test('an output that is too large is reported with its size and the limit', () => {
  const { error } = toolOutputTooLarge('pay', 9, 8)
  expect(error.message).toContain('is 9 bytes; the limit toolOutputBytes is 8 bytes')
  expect(error).toMatchObject({ data: { sizeBytes: 9, limitBytes: 8 } })
})
