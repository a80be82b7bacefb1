import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { DeliveryQueue } from './delivery-queue.ts'

const now = () => Date.now()

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }))
afterEach(() => void vi.useRealTimers())

describe('what is due', () => {
  test('is nothing at first', () => {
    expect(new DeliveryQueue(now).takeDue()).toBe(undefined)
  })

  test('are answers in the order of their arrival, each once', () => {
    const queue = new DeliveryQueue(now)
    queue.addAnswer(2, 1_000)
    queue.addAnswer(1, 1_000)
    expect([queue.takeDue(), queue.takeDue(), queue.takeDue()]).toEqual([
      { kind: 'answer', call: 2 },
      { kind: 'answer', call: 1 },
      undefined,
    ])
  })

  test('are two hundred thousand answers in their order', () => {
    const queue = new DeliveryQueue(now)
    const count = 200_000
    for (let call = 1; call <= count; call++) queue.addAnswer(call, 1_000)
    for (let call = 1; call <= count; call++) {
      const due = queue.takeDue()
      if (due?.kind !== 'answer' || due.call !== call) throw new Error(`not call ${call}, but ${JSON.stringify(due)}`)
    }
    expect(queue.takeDue()).toBe(undefined)
  })

  test.each([
    ['a timer before an answer that came later', 999, 'tick'],
    ['a timer before an answer of the same time', 1_000, 'tick'],
    ['an answer before a timer that was due later', 1_001, 'answer'],
  ])('is %s', (_title, timerAt, kind) => {
    const queue = new DeliveryQueue(now)
    queue.setTimer(timerAt)
    queue.addAnswer(1, 1_000)
    vi.setSystemTime(2_000)
    expect(queue.takeDue()?.kind).toBe(kind)
  })

  test('is an answer while the timer is not due yet', () => {
    const queue = new DeliveryQueue(now)
    queue.setTimer(1_001)
    expect(queue.takeDue()).toBe(undefined)
    queue.addAnswer(1, 1_000)
    expect(queue.takeDue()).toEqual({ kind: 'answer', call: 1 })
  })

  test('is the timer until the guest has set another or none', () => {
    const queue = new DeliveryQueue(now)
    queue.setTimer(1_000)
    expect([queue.takeDue(), queue.takeDue()]).toEqual([{ kind: 'tick' }, { kind: 'tick' }])
    expect(queue.hasTimer).toBe(true)
    queue.setTimer(null)
    expect(queue.takeDue()).toBe(undefined)
    expect(queue.hasTimer).toBe(false)
  })
})

describe('the next delivery', () => {
  test('is what is due already', async () => {
    const queue = new DeliveryQueue(now)
    queue.addAnswer(1, 1_000)
    expect(await queue.next()).toEqual({ kind: 'answer', call: 1 })
  })

  test('comes with an answer, and the timer does not go on', async () => {
    const queue = new DeliveryQueue(now)
    queue.setTimer(5_000)
    const next = queue.next()
    await vi.advanceTimersByTimeAsync(1_000)
    queue.addAnswer(1, now())
    expect(await next).toEqual({ kind: 'answer', call: 1 })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('comes when the timer is due, not before', async () => {
    const queue = new DeliveryQueue(now)
    queue.setTimer(5_000)
    const next = queue.next()
    let isThere = false
    void next.then(() => (isThere = true))
    await vi.advanceTimersByTimeAsync(3_999)
    expect(isThere).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await next).toEqual({ kind: 'tick' })
  })

  test('waits again when the machine wakes it before the guest’s clock says so', async () => {
    let guestTime = 1_000
    const queue = new DeliveryQueue(() => guestTime)
    queue.setTimer(2_000)
    const next = queue.next()
    guestTime = 1_999
    await vi.advanceTimersByTimeAsync(1_000)
    expect(vi.getTimerCount()).toBe(1)
    guestTime = 2_000
    await vi.advanceTimersByTimeAsync(1)
    expect(await next).toEqual({ kind: 'tick' })
  })

  test('may be further away than Node’s timers reach', async () => {
    const queue = new DeliveryQueue(now)
    const inFortyDays = 40 * 86_400_000
    queue.setTimer(1_000 + inFortyDays)
    const next = queue.next()
    await vi.advanceTimersByTimeAsync(inFortyDays - 1)
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await next).toEqual({ kind: 'tick' })
  })

  test('is none when the queue closes, also for what was due', async () => {
    const queue = new DeliveryQueue(now)
    queue.setTimer(5_000)
    const next = queue.next()
    queue.close()
    expect(await next).toBe(undefined)
    expect(vi.getTimerCount()).toBe(0)
    queue.addAnswer(1, 1_000)
    expect(await queue.next()).toBe(undefined)
  })
})
