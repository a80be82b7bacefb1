import type { ExecutionEvent, JournalEntry } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import type { EventText } from '../engine.ts'
import { JournalLog } from './journal-log.ts'
import { readEvents } from './read-events.ts'
import { answer, callsOf, claim, executionId, headerOf, turn } from './journal.test-support.ts'

const never = new AbortController().signal
const end = { ok: true, result: '42' } as const
const start = { kind: 'start' } as const

const loggedTurn = turn([1, 2], start, {
  logs: [
    { level: 'log', text: 'one' },
    { level: 'warn', text: 'two' },
  ],
  calls: [...callsOf(1), { call: 2, tool: 'slow', input: '{}' }],
})

/** Journal of an execution that logs twice, makes two calls, gets one answer, and ends. */
const whole: readonly JournalEntry[] = [
  claim(1),
  loggedTurn,
  { type: 'answer', at: claim(5).at, call: 1, ok: false, text: '{"message":"no"}', errorCode: 'TOOL_ERROR' },
  turn([5, 6], { kind: 'answer', call: 1 }, { end }),
]

const ids = ['1.1', '2.1', '2.2', '2.3', '2.4', '2.5', '3.1', '4.1', '4.2']

/** Returns a journal with the given entries. */
function journalOf(...entries: JournalEntry[]): JournalLog {
  const journal = new JournalLog(headerOf())
  for (const entry of entries) journal.append(entry)
  return journal
}

async function all(events: AsyncIterable<EventText>): Promise<ExecutionEvent[]> {
  const read: ExecutionEvent[] = []
  for await (const { json } of events) read.push(JSON.parse(json) as ExecutionEvent)
  return read
}

const of = (id: string, at: string | undefined) => ({ id, at, executionId })
const idsOf = async (events: AsyncIterable<EventText>) => (await all(events)).map(({ id }) => id)
const read = (after?: string) =>
  readEvents(journalOf(...whole), { ...(after !== undefined && { after }), signal: never })

test('the events of an execution follow from its journal', { tags: ['EX-5'] }, async () => {
  const [first, second, third] = ['001', '002', '005'].map((ms) => `2026-01-01T00:00:00.${ms}Z`)
  expect((await all(read())).slice(0, 8)).toEqual([
    {
      type: 'started',
      ...of('1.1', first),
      correlationId: headerOf().correlationId,
      createdAt: '2026-01-01T00:00:00.000Z',
    },
    { type: 'log', ...of('2.1', second), level: 'log', text: 'one' },
    { type: 'log', ...of('2.2', second), level: 'warn', text: 'two' },
    {
      type: 'tool.called',
      ...of('2.3', second),
      callId: `${executionId}:1`,
      tool: 'echo',
      input: [1],
      deadline: '2026-01-01T00:00:30.001Z',
    },
    {
      type: 'tool.called',
      ...of('2.4', second),
      callId: `${executionId}:2`,
      tool: 'slow',
      input: {},
      deadline: '2026-01-01T00:00:30.001Z',
    },
    { type: 'waiting', ...of('2.5', second), openCalls: [`${executionId}:1`, `${executionId}:2`] },
    {
      type: 'tool.settled',
      ...of('3.1', third),
      callId: `${executionId}:1`,
      tool: 'echo',
      status: 'failed',
      errorCode: 'TOOL_ERROR',
    },
    {
      type: 'tool.settled',
      ...of('4.1', '2026-01-01T00:00:00.006Z'),
      callId: `${executionId}:2`,
      tool: 'slow',
      status: 'cancelled',
    },
  ])
  expect((await all(read())).at(-1)).toMatchObject({
    type: 'finished',
    id: '4.2',
    result: { success: true, result: 42, toolCalls: [{ status: 'failed' }, { status: 'cancelled' }] },
  })
})

describe('a reader', () => {
  test('that starts early gets events as they happen', async () => {
    const journal = journalOf()
    const reader = readEvents(journal, { signal: never })
    const first = reader.next()
    journal.append(whole[0]!)
    expect(await first).toMatchObject({ done: false, value: { id: '1.1', type: 'started' } })
    const [second, third] = [reader.next(), reader.next()]
    journal.append(loggedTurn)
    expect(await Promise.all([second, third])).toMatchObject([{ value: { id: '2.1' } }, { value: { id: '2.2' } }])
    journal.append(whole[2]!)
    journal.append(whole[3]!)
    expect(await idsOf(reader)).toEqual(ids.slice(3))
  })

  test('gets the same events as every other reader, whenever it starts', async () => {
    const journal = journalOf()
    const early = [idsOf(readEvents(journal, { signal: never })), idsOf(readEvents(journal, { signal: never }))]
    for (const entry of whole) journal.append(entry)
    expect(await Promise.all([...early, idsOf(readEvents(journal, { signal: never }))])).toEqual([ids, ids, ids])
  })

  test.each(ids.map((id, index) => [id, ids.slice(index + 1)]))(
    'that has seen event %s continues after it',
    async (after, rest) => {
      expect(await idsOf(read(after))).toEqual(rest)
    },
  )

  test('resumes from the journal of another node with the same ids', async () => {
    const takenOver = [
      claim(1),
      loggedTurn,
      claim(3, 2),
      answer(5, 1),
      turn([5, 6], { kind: 'answer', call: 1 }, { end }),
    ]
    const journal = journalOf(...takenOver)
    expect(await idsOf(readEvents(journal, { after: '2.5', signal: never }))).toEqual(['4.1', '5.1', '5.2'])
  })

  test.each([
    '5.1',
    '2.6',
    '1.2',
    '0.1',
    '1.0',
    '1',
    '-1',
    '1.1.1',
    '',
    ' 1.1',
    '1e0.1',
    'one',
    `${'9'.repeat(11)}.1`,
    '9'.repeat(1_000),
  ])('that claims to have seen event %j is refused', async (after) => {
    await expect(idsOf(read(after))).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: `This execution has no event ${after.slice(0, 40)} (last-event-id)`,
    })
  })

  test('whose signal aborts while it waits ends', async () => {
    const journal = journalOf(whole[0]!)
    const abort = new AbortController()
    const reader = readEvents(journal, { signal: abort.signal })
    expect(await reader.next()).toMatchObject({ value: { id: '1.1' } })
    const waiting = reader.next()
    abort.abort()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await idsOf(readEvents(journal, { signal: abort.signal }))).toEqual([])
  })

  test('whose signal aborts between two events of an entry ends', async () => {
    const journal = journalOf(...whole)
    const abort = new AbortController()
    const reader = readEvents(journal, { after: '1.1', signal: abort.signal })
    expect(await reader.next()).toMatchObject({ value: { id: '2.1' } })
    abort.abort()
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  test('that stops reading removes its listener from its signal', async () => {
    const signal = new EventTarget() as AbortSignal
    const listeners = new Set<unknown>()
    signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener)
    signal.removeEventListener = (_type: string, listener: unknown) => void listeners.delete(listener)
    for await (const { id } of readEvents(journalOf(...whole), { signal })) {
      expect(listeners.size).toBe(1)
      if (id === '2.1') break
    }
    expect(listeners.size).toBe(0)
  })
})

test('a payload is passed on unchanged, however deeply it is nested', async () => {
  const input = `${'{"0":'.repeat(20_000)}1${'}'.repeat(20_000)}`
  const journal = journalOf(claim(1), turn([1, 2], start, { calls: [{ call: 1, tool: 'echo', input }] }))
  const { value } = await readEvents(journal, { after: '1.1', signal: never }).next()
  expect((value as EventText).json.endsWith(`"input":${input}}`)).toBe(true)
})
