import { expect, test } from 'vitest'

import { Semaphore } from './semaphore.ts'

const { signal: never } = new AbortController()

test('waiting callers acquire the semaphore in the order of their arrival', async () => {
  const semaphore = new Semaphore(2)
  const acquired: number[] = []
  const [first, second] = [await semaphore.acquire(never), await semaphore.acquire(never)]
  const third = semaphore.acquire(never).then((release) => (acquired.push(3), release))
  const fourth = semaphore.acquire(never).then(() => acquired.push(4))
  await Promise.resolve()
  expect(acquired).toEqual([])
  first()
  // Releases nothing more, because it has released already.
  first()
  const releaseThird = await third
  expect(acquired).toEqual([3])
  releaseThird()
  await fourth
  second()
  await semaphore.acquire(never)
  expect(acquired).toEqual([3, 4])
})

test('a caller whose signal aborts does not acquire the semaphore', async () => {
  const semaphore = new Semaphore(1)
  const release = await semaphore.acquire(never)
  const controller = new AbortController()
  const aborted = semaphore.acquire(controller.signal)
  const next = semaphore.acquire(never)
  controller.abort(new Error('stopped'))
  await expect(aborted).rejects.toThrow('stopped')
  await expect(semaphore.acquire(controller.signal)).rejects.toThrow('stopped')
  release()
  expect(await next).toBeTypeOf('function')
})
