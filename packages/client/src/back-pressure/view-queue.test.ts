import PQueue from 'p-queue'
import { expect, test } from 'vitest'

import { ViewQueue, type ViewQueueOptions } from './view-queue.ts'

test('runs of p-queue start by view, then by priority; an aborted one does not start', async () => {
  const queue = new PQueue<ViewQueue, ViewQueueOptions>({ concurrency: 1, queueClass: ViewQueue, autoStart: false })
  const started: string[] = []
  const [one, other] = [{}, {}]
  const controller = new AbortController()
  const add = (name: string, options: ViewQueueOptions) =>
    queue.add(() => Promise.resolve(started.push(name)), { id: undefined, ...options })
  const aborted = add('aborted', { view: one, signal: controller.signal })
  const runs = [
    add('a1', { view: one }),
    add('a2', { view: one }),
    add('a3', { view: one, priority: 1 }),
    add('b1', { view: other }),
  ]
  controller.abort(new Error('stopped'))
  await expect(aborted).rejects.toThrow('stopped')
  queue.start()
  await Promise.all(runs)
  expect(started).toEqual(['a3', 'b1', 'a1', 'a2'])
})
