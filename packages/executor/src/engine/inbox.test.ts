import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { Inbox } from './inbox.ts'

const now = () => Date.now()

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }))
afterEach(() => void vi.useRealTimers())

describe('the deliveries that are due', () => {
  test('are none at first', () => {
    expect(new Inbox(now).takeDue()).toBe(undefined)
  })

  test('are answers in the order of their arrival, each once', () => {
    const inbox = new Inbox(now)
    inbox.addAnswer(2, 1_000)
    inbox.addAnswer(1, 1_000)
    expect([inbox.takeDue(), inbox.takeDue(), inbox.takeDue()]).toEqual([
      { kind: 'answer', call: 2 },
      { kind: 'answer', call: 1 },
      undefined,
    ])
  })

  test('are two hundred thousand answers in their order', () => {
    const inbox = new Inbox(now)
    const count = 200_000
    for (let call = 1; call <= count; call++) inbox.addAnswer(call, 1_000)
    for (let call = 1; call <= count; call++) {
      const due = inbox.takeDue()
      if (due?.kind !== 'answer' || due.call !== call) throw new Error(`not call ${call}, but ${JSON.stringify(due)}`)
    }
    expect(inbox.takeDue()).toBe(undefined)
  })

  test.each([
    ['a timer before an answer that arrived later', 999, 'tick'],
    ['a timer before an answer of the same time', 1_000, 'tick'],
    ['an answer before a timer that was due later', 1_001, 'answer'],
  ])('start with %s', (_title, timerAt, kind) => {
    const inbox = new Inbox(now)
    inbox.setTimer(timerAt)
    inbox.addAnswer(1, 1_000)
    vi.setSystemTime(2_000)
    expect(inbox.takeDue()?.kind).toBe(kind)
  })

  test('are an answer while the timer is not due yet', () => {
    const inbox = new Inbox(now)
    inbox.setTimer(1_001)
    expect(inbox.takeDue()).toBe(undefined)
    inbox.addAnswer(1, 1_000)
    expect(inbox.takeDue()).toEqual({ kind: 'answer', call: 1 })
  })

  test('include the timer until the guest sets another or none', () => {
    const inbox = new Inbox(now)
    inbox.setTimer(1_000)
    expect([inbox.takeDue(), inbox.takeDue()]).toEqual([{ kind: 'tick' }, { kind: 'tick' }])
    expect(inbox.hasTimer).toBe(true)
    inbox.setTimer(null)
    expect(inbox.takeDue()).toBe(undefined)
    expect(inbox.hasTimer).toBe(false)
  })
})

describe('the next delivery', () => {
  test('is one that is already due', async () => {
    const inbox = new Inbox(now)
    inbox.addAnswer(1, 1_000)
    expect(await inbox.next()).toEqual({ kind: 'answer', call: 1 })
  })

  test('arrives with an answer, and the timer stops', async () => {
    const inbox = new Inbox(now)
    inbox.setTimer(5_000)
    const next = inbox.next()
    await vi.advanceTimersByTimeAsync(1_000)
    inbox.addAnswer(1, now())
    expect(await next).toEqual({ kind: 'answer', call: 1 })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('arrives when the timer is due, not before', async () => {
    const inbox = new Inbox(now)
    inbox.setTimer(5_000)
    const next = inbox.next()
    let isThere = false
    void next.then(() => (isThere = true))
    await vi.advanceTimersByTimeAsync(3_999)
    expect(isThere).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await next).toEqual({ kind: 'tick' })
  })

  test('waits again when the machine wakes it before the guest’s clock has reached the timer', async () => {
    let guestTime = 1_000
    const inbox = new Inbox(() => guestTime)
    inbox.setTimer(2_000)
    const next = inbox.next()
    guestTime = 1_999
    await vi.advanceTimersByTimeAsync(1_000)
    expect(vi.getTimerCount()).toBe(1)
    guestTime = 2_000
    await vi.advanceTimersByTimeAsync(1)
    expect(await next).toEqual({ kind: 'tick' })
  })

  test('may be later than the longest timer of Node', async () => {
    const inbox = new Inbox(now)
    const inFortyDays = 40 * 86_400_000
    inbox.setTimer(1_000 + inFortyDays)
    const next = inbox.next()
    await vi.advanceTimersByTimeAsync(inFortyDays - 1)
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await next).toEqual({ kind: 'tick' })
  })

  test('is none after the inbox closes, even if one was due', async () => {
    const inbox = new Inbox(now)
    inbox.setTimer(5_000)
    const next = inbox.next()
    inbox.close()
    expect(await next).toBe(undefined)
    expect(vi.getTimerCount()).toBe(0)
    inbox.addAnswer(1, 1_000)
    expect(await inbox.next()).toBe(undefined)
  })
})
