import { expect, test } from 'vitest'

import { EventLoopDelay } from './event-loop-delay.ts'

/** Keeps the event loop from running for this time. */
function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

test('a delay is seen by each reader, however many read before', async () => {
  using delay = new EventLoopDelay()
  await expect.poll(() => delay.read()).toBeDefined()
  // Node measures every 20 ms, so the event loop is blocked until a measurement has seen it.
  await expect
    .poll(() => {
      block(60)
      return delay.read()?.[100]
    })
    .toBeGreaterThan(0.03)
  for (let reader = 0; reader < 3; reader++) expect(delay.read()?.[100]).toBeGreaterThan(0.03)
})
