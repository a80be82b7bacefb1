import fc from 'fast-check'
import { expect, test } from 'vitest'

import { callsInFrames } from './calls-in-frames.ts'

test('callsInFrames keeps the order of all calls, and two calls exceed no frame', () => {
  const input = fc.integer({ min: 0, max: 400_000 }).map((length) => 'x'.repeat(length))
  fc.assert(
    fc.property(fc.array(input, { maxLength: 12 }), (inputs) => {
      const calls = inputs.map((text, index) => ({ call: index + 1, tool: 't', input: text }))
      const { ahead, last } = callsInFrames(calls)
      expect([...ahead.flat(), ...last]).toEqual(calls)
      for (const frame of [...ahead, last].filter(({ length }) => length > 1)) {
        expect(frame.reduce((sum, { input: text }) => sum + text.length, 0)).toBeLessThanOrEqual(256 * 1024)
      }
    }),
    { seed: 1, numRuns: 50 },
  )
})
