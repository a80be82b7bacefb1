import { expect, test } from 'vitest'

import { Pacer } from './pacer.ts'

const KiB = 1024

test('small work runs at once', () => {
  const pacer = new Pacer()
  for (let i = 0; i < 1_000; i++) expect(pacer.reserve(KiB)).toBeUndefined()
})

test('large work runs in order, and other work gets its turn in between', async () => {
  const pacer = new Pacer()
  const order: string[] = []
  const work = Array.from({ length: 4 }, async (_, i) => {
    await pacer.reserve(100 * KiB)
    order.push(`work ${i}`)
    setImmediate(() => order.push('others'))
  })
  await Promise.all(work)
  expect(order).toEqual(['work 0', 'work 1', 'others', 'others', 'work 2', 'work 3'])
})

test('a piece larger than a round has a round of its own', async () => {
  const pacer = new Pacer()
  await expect(Promise.all([pacer.reserve(1024 * KiB), pacer.reserve(1024 * KiB)])).resolves.toHaveLength(2)
})
