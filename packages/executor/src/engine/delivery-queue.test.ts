import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { DeliveryQueue } from './delivery-queue.ts'

const now = () => Date.now()

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }))
afterEach(() => void vi.useRealTimers())

describe('the deliveries that are due', () => {
  test('are none at first', () => {
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
    ['a timer before an answer that arrived later', 999, 'tick'],
    ['a timer before an answer of the same time', 1_000, 'tick'],
    ['an answer before a timer that was due later', 1_001, 'answer'],
  ])('start with %s', (_title, timerAt, kind) => {
    const queue = new DeliveryQueue(now)
    queue.setTimer(timerAt)
    queue.addAnswer(1, 1_000)
    vi.setSystemTime(2_000)
    expect(queue.takeDue()?.kind).toBe(kind)
  })

  test('are an answer while the timer is not due yet', () => {
    const queue = new DeliveryQueue(now)
    queue.setTimer(1_001)
    expect(queue.takeDue()).toBe(undefined)
    queue.addAnswer(1, 1_000)
    expect(queue.takeDue()).toEqual({ kind: 'answer', call: 1 })
  })

  test('include the timer until the guest sets another or none', () => {
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
  test('is one that is already due', async () => {
    const queue = new DeliveryQueue(now)
    queue.addAnswer(1, 1_000)
    expect(await queue.next()).toEqual({ kind: 'answer', call: 1 })
  })

  test('arrives with an answer, and the timer stops', async () => {
    const queue = new DeliveryQueue(now)
    queue.setTimer(5_000)
    const next = queue.next()
    await vi.advanceTimersByTimeAsync(1_000)
    queue.addAnswer(1, now())
    expect(await next).toEqual({ kind: 'answer', call: 1 })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('arrives when the timer is due, not before', async () => {
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

  test('waits again when the machine wakes it before the guest’s clock has reached the timer', async () => {
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

  test('may be later than the longest timer of Node', async () => {
    const queue = new DeliveryQueue(now)
    const inFortyDays = 40 * 86_400_000
    queue.setTimer(1_000 + inFortyDays)
    const next = queue.next()
    await vi.advanceTimersByTimeAsync(inFortyDays - 1)
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await next).toEqual({ kind: 'tick' })
  })

  test('is none after the queue closes, even if one was due', async () => {
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
