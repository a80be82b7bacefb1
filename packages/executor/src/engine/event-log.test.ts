import { fixedLimits, type ExecutionEvent, type ExecutionResult } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import type { EventText } from './engine.ts'
import { EventLog } from './event-log.ts'
import { jsonText } from './json-field.ts'

const at = Date.parse('2026-01-01T00:00:00.000Z')
const never = new AbortController().signal

const result: ExecutionResult = {
  success: true,
  result: 42,
  executionId: 'exe_1',
  correlationId: 'cor_1',
  logs: [],
  logsDropped: { entries: 0, bytes: 0 },
  toolCalls: [],
  warnings: [],
  usage: { cpuMs: 1, wallMs: 1, queueMs: 0, waitMs: 0, turns: 1, replays: 0 },
}

function log(events: EventLog, text: string, sizeBytes = text.length): void {
  events.append({ type: 'log', level: 'info', text: text.padEnd(sizeBytes, '.') }, at)
}

function finish(events: EventLog): void {
  events.append({ type: 'finished' }, at, { result: jsonText(JSON.stringify(result)) })
}

async function all(events: AsyncIterable<EventText>): Promise<ExecutionEvent[]> {
  const read: ExecutionEvent[] = []
  for await (const { json } of events) read.push(JSON.parse(json) as ExecutionEvent)
  return read
}

async function idsOf(events: AsyncIterable<EventText>): Promise<string[]> {
  return (await all(events)).map(({ id }) => id)
}

/** Creates an ended log of three events. */
function threeEvents(): EventLog {
  const events = new EventLog('exe_1')
  for (const text of ['one', 'two']) log(events, text)
  finish(events)
  return events
}

describe('a reader', () => {
  test('gets every event, numbered from 1 with its time, and then the end', async () => {
    const events = new EventLog('exe_1')
    events.append({ type: 'started', correlationId: 'cor_1' }, at)
    finish(events)
    expect(await all(events.read({ signal: never }))).toEqual([
      { type: 'started', id: '1', at: '2026-01-01T00:00:00.000Z', executionId: 'exe_1', correlationId: 'cor_1' },
      { type: 'finished', id: '2', at: '2026-01-01T00:00:00.000Z', executionId: 'exe_1', result },
    ])
  })

  test('that starts early gets events as they happen', async () => {
    const events = new EventLog('exe_1')
    const reader = events.read({ signal: never })
    const first = reader.next()
    log(events, 'now')
    expect(await first).toMatchObject({
      done: false,
      value: { id: '1', type: 'log', json: expect.stringContaining('"text":"now"') },
    })
    const [second, third] = [reader.next(), reader.next()]
    log(events, 'then')
    finish(events)
    expect(await Promise.all([second, third])).toMatchObject([{ value: { id: '2' } }, { value: { id: '3' } }])
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  test('gets the same events as every other reader, whenever it starts', async () => {
    const events = new EventLog('exe_1')
    const early = [idsOf(events.read({ signal: never })), idsOf(events.read({ signal: never }))]
    log(events, 'one')
    finish(events)
    expect(await Promise.all([...early, idsOf(events.read({ signal: never }))])).toEqual([
      ['1', '2'],
      ['1', '2'],
      ['1', '2'],
    ])
  })

  test.each([
    ['0', ['1', '2', '3']],
    ['1', ['2', '3']],
    ['2', ['3']],
    ['3', []],
  ])('that has seen event %s continues after it', async (after, ids) => {
    expect(await idsOf(threeEvents().read({ after, signal: never }))).toEqual(ids)
  })

  test.each(['4', '-1', '1.0', '', ' 1', '1e0', 'one', '9'.repeat(16), '9'.repeat(1_000)])(
    'that claims to have seen event %j is refused',
    async (after) => {
      const error: unknown = await threeEvents()
        .read({ after, signal: never })
        .next()
        .catch((refusal: unknown) => refusal)
      expect(error).toMatchObject({
        code: 'INVALID_REQUEST',
        message: `This execution has no event ${after.slice(0, 40)} (last-event-id)`,
      })
    },
  )

  test('whose signal aborts while it waits ends', async () => {
    const events = new EventLog('exe_1')
    log(events, 'one')
    const abort = new AbortController()
    const reader = events.read({ signal: abort.signal })
    expect(await reader.next()).toMatchObject({ value: { id: '1' } })
    const waiting = reader.next()
    abort.abort()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await idsOf(events.read({ signal: abort.signal }))).toEqual([])
  })

  test('that stops reading removes its listener from its signal', async () => {
    const signal = new EventTarget() as AbortSignal
    const listeners = new Set<unknown>()
    signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener)
    signal.removeEventListener = (_type: string, listener: unknown) => void listeners.delete(listener)
    for await (const { id } of threeEvents().read({ signal })) {
      expect(listeners.size).toBe(1)
      if (id === '2') break
    }
    expect(listeners.size).toBe(0)
  })
})

test('a payload is JSON text that the log passes on unchanged, however deeply nested', async () => {
  const events = new EventLog('exe_1')
  const input = `${'{"0":'.repeat(20_000)}1${'}'.repeat(20_000)}`
  const deadline = '2026-01-01T00:00:30.000Z'
  events.append({ type: 'tool.called', callId: 'exe_1:1', tool: 'x', deadline }, at, { input })
  finish(events)
  const [called, finished] = await all(events.read({ signal: never }))
  expect(called).toMatchObject({ id: '1', type: 'tool.called', callId: 'exe_1:1', tool: 'x', deadline })
  expect(finished).toMatchObject({ id: '2', type: 'finished', result: { success: true, result: 42 } })
})

describe('the bounded log', () => {
  /** Size of a text of which at most four are kept. */
  const large = Math.floor((fixedLimits.journalBytes + 8 * 1024 * 1024) / 4)

  test('holds a whole journal', async () => {
    const events = new EventLog('exe_1')
    for (let i = 0; i < 4; i++) log(events, `${i}`, fixedLimits.journalBytes / 4)
    finish(events)
    expect(await idsOf(events.read({ signal: never }))).toEqual(['1', '2', '3', '4', '5'])
    expect(events.keptBytes).toBeGreaterThan(fixedLimits.journalBytes)
  })

  test('evicts the oldest events; a reader that has not read them gets EVENTS_GONE, others continue', async () => {
    const events = new EventLog('exe_1')
    for (let i = 0; i < 4; i++) log(events, `${i}`, large)
    finish(events)
    await expect(idsOf(events.read({ signal: never }))).rejects.toMatchObject({
      code: 'EVENTS_GONE',
      message: 'Event 1 is no longer kept; the oldest kept event is 2',
      details: { oldest: 2 },
    })
    expect(await idsOf(events.read({ after: '1', signal: never }))).toEqual(['2', '3', '4', '5'])
    expect(events.keptBytes).toBeLessThanOrEqual(4 * large)
  })

  test('ends a reader that falls behind with EVENTS_GONE', async () => {
    const events = new EventLog('exe_1')
    log(events, 'read', large)
    const reader = events.read({ signal: never })
    expect(await reader.next()).toMatchObject({ value: { id: '1' } })
    for (let i = 0; i < 6; i++) log(events, `${i}`, large)
    await expect(reader.next()).rejects.toMatchObject({ code: 'EVENTS_GONE', details: { oldest: 5 } })
  })

  test('keeps the last event, however large it is', async () => {
    const events = new EventLog('exe_1')
    log(events, 'small')
    log(events, 'huge', 5 * large)
    expect(events.keptBytes).toBeGreaterThan(5 * large)
    expect(await events.read({ after: '1', signal: never }).next()).toMatchObject({ value: { id: '2' } })
  })
})
