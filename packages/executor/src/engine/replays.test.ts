import type { Journal } from '@codemode/shared'
import { expect, test } from 'vitest'

import type { Sandbox } from '../sandbox/sandbox.ts'
import { scriptedSandbox } from './detached/scripted-nodes.test-support.ts'
import { Replays } from './replays.ts'
import { effectsOf, headerOf } from './state/journal.test-support.ts'

const effects = effectsOf({ end: { ok: true, result: '1' } })
const journal: Journal = {
  header: headerOf({ code: 'return 1' }),
  entries: [{ type: 'turn', at: 1, endedAt: 1, cpuMs: 1, delivery: { kind: 'start' }, effects }],
}
const script = () => ({ end: { ok: true, result: '1' } }) as const
const { signal } = new AbortController()

const replaysIn = (sandbox: Pick<Sandbox, 'placeGuest'>) =>
  new Replays({ sandbox, attachedSessions: { get: () => undefined }, store: undefined })
const execution = (of: Journal = journal) => ({ journal: () => of })

const refused = (message: string) => ({ code: 'RATE_LIMITED', message: expect.stringContaining(message) as string })

test('a replay of a guest that does the same says so, and one that differs says how', async () => {
  const same = replaysIn(scriptedSandbox(() => script))
  expect(await same.replay('acme', execution(), signal)).toEqual({ verdict: 'same', turns: 1 })
  const changed = replaysIn(
    scriptedSandbox(
      () => script,
      () => true,
    ),
  )
  expect(await changed.replay('acme', execution(), signal)).toMatchObject({
    verdict: 'diverged',
    turn: 1,
    expected: effects,
    actual: { logs: [expect.anything()] },
  })
})

test('a replay that the sandbox ends, or whose earlier steps are not known, has a message', async () => {
  const outcomes = [{ type: 'stopped' }, { type: 'unrunnable' }] as unknown[]
  const replays = replaysIn({
    placeGuest: () => ({ turn: async () => outcomes.shift() as never, close() {} }),
  })
  expect(await replays.replay('acme', execution(), signal)).toMatchObject({ verdict: 'stopped', turn: 1 })
  expect(await replays.replay('acme', execution(), signal)).toMatchObject({
    verdict: 'unrunnable',
    message: expect.stringContaining('runtime') as string,
  })
  const step = { ...journal, header: { ...journal.header, session: { id: 'ses_1', step: 2 } } }
  expect(await replays.replay('acme', execution(step), signal)).toEqual({
    verdict: 'unrunnable',
    message: 'Earlier steps of the session ses_1 are not kept.',
  })
})

test('a second replay of a tenant and a third of all are refused, and one that its reader leaves ends', async () => {
  const turns: ((outcome: { type: 'lost' }) => void)[] = []
  const replays = replaysIn({
    placeGuest: () => {
      const turn = Promise.withResolvers<{ type: 'lost' }>()
      turns.push(turn.resolve)
      return { turn: () => turn.promise, close: () => turn.resolve({ type: 'lost' }) }
    },
  })
  const leaving = new AbortController()
  const first = replays.replay('acme', execution(), leaving.signal)
  await expect(replays.replay('acme', execution(), signal)).rejects.toMatchObject(refused('your tenant'))
  const second = replays.replay('rival', execution(), signal)
  await expect(replays.replay('third', execution(), signal)).rejects.toMatchObject(refused('2 replays'))
  await expect.poll(() => turns.length).toBe(2)
  leaving.abort()
  expect(await first).toMatchObject({ verdict: 'unrunnable' })
  turns[1]!({ type: 'lost' })
  await second
  void replays.replay('acme', execution(), signal)
  await expect.poll(() => turns.length).toBe(3)
  turns[2]!({ type: 'lost' })
})
