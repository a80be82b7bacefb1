import type { JournalEntry, ToolAnswer, TurnEffects } from '@codemode/shared'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import type { GuestDelivery, Sandbox, TurnOutcome } from '../../sandbox/sandbox.ts'
import { LeaseLost } from '../../store/execution-store.ts'
import { traceClaim } from '../../tracing/spans.ts'
import type { OutgoingCall } from '../../tools/transport.ts'
import { combineObservers, type ObservedExecution } from '../engine-observer.ts'
import { ExecutionState } from '../state/execution-state.ts'
import { callsOf, effectsOf, headerOf } from '../state/journal.test-support.ts'
import { JournalLog } from '../state/journal-log.ts'
import { resultOf } from '../state/report.ts'
import { ExecutionRunner } from './execution-runner.ts'
import { cancelled } from './failures.ts'
import { Pacer } from './pacer.ts'

/** Calls three tools at once, sleeps, calls a fourth, and returns all answers in the order of their arrival. */
function scriptedGuest(): (delivery: GuestDelivery) => Partial<TurnEffects> {
  const answers: string[] = []
  return (delivery) => {
    if (delivery.kind === 'start') return { calls: callsOf(1, 2, 3), logs: [{ level: 'log', text: 'started' }] }
    if (delivery.kind === 'tick') return { calls: callsOf(4) }
    if (delivery.kind === 'answer') answers.push(delivery.text)
    if (answers.length === 3) return { nextTimerAt: delivery.at + 1 }
    return answers.length === 4 ? { end: { ok: true, result: `[${answers.toString()}]` } } : {}
  }
}

const sandbox = {
  placeGuest() {
    const respond = scriptedGuest()
    const turn = async (delivery: GuestDelivery): Promise<TurnOutcome> => ({
      type: 'turn',
      cpuMs: 1,
      effects: effectsOf(respond(delivery)),
    })
    return { turn, close() {} }
  },
} as Partial<Sandbox> as Sandbox

const trace = traceClaim(headerOf(), { label: undefined, epoch: 1 })

/** Store of one execution. A node that has been fenced off can't append. */
class FakeStore {
  readonly entries: JournalEntry[] = []
  epoch = 0
  /** Number of the append at which the node crashes, before or after the commit; undefined if it never does. */
  crash: { readonly append: number; readonly isCommitted: boolean } | undefined
  appends = 0

  /** Claims the execution, and returns the function with which the claimant appends. */
  claim(onCrash: () => void): (entries: readonly JournalEntry[]) => Promise<void> {
    const epoch = (this.epoch += 1)
    return async (entries) => {
      await Promise.resolve()
      if (epoch !== this.epoch) throw new LeaseLost()
      const crash = ++this.appends === this.crash?.append ? this.crash : undefined
      if (crash?.isCommitted !== false) this.entries.push(...entries)
      if (crash === undefined) return
      onCrash()
      // A crashed node never continues.
      await new Promise(() => {})
    }
  }
}

const observed: ObservedExecution = {
  executionId: 'exe_1',
  correlationId: 'cor_1',
  tenant: 't',
  keyId: 'k',
  label: undefined,
  kind: 'attached',
  session: undefined,
  toolTransport: 'callback',
}

type Call = (call: OutgoingCall) => Promise<ToolAnswer>

/** Runs the execution from the journal in the store, on a new node. Resolves at its end or at the crash of the node. */
async function runOnNode(store: FakeStore, call: Call): Promise<ExecutionState> {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const journal = new JournalLog(headerOf())
  const state = new ExecutionState(journal.header)
  for (const entry of store.entries) {
    journal.append(entry)
    state.apply(entry)
  }
  if (state.hasEnded) return state
  const runner = new ExecutionRunner({
    journal,
    state,
    trace,
    append: store.claim(resolve),
    sandbox,
    placement: { tenant: 't', isolation: 'tenant' },
    transport: { call },
    pacer: new Pacer(),
    now: Date.now,
    onTurnRequested() {},
    onEnded: resolve,
    observer: combineObservers([{ executionFailedByBug: (error) => expect.unreachable(String(error)) }]),
    observed,
  })
  const wallTimeout = { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: 60_000 } as const
  void runner.run({ epoch: store.epoch, node: `node ${store.epoch}`, wallTimeout })
  await ended
  return state
}

/** Answers calls from a record by call id, as a tool server does, and counts the runs of the handlers. */
function toolServer(delays: readonly number[] = [0]) {
  const runs = new Map<string, number>()
  const sent: string[] = []
  const record = new Map<string, Promise<ToolAnswer>>()
  const call: Call = ({ callId, input }) => {
    sent.push(callId)
    const known = record.get(callId)
    if (known !== undefined) return known
    runs.set(callId, (runs.get(callId) ?? 0) + 1)
    const steps = delays[runs.size % delays.length]!
    const answer = afterSteps(steps).then((): ToolAnswer => ({ ok: true, output: JSON.parse(input) }))
    record.set(callId, answer)
    return answer
  }
  return { call, runs, sent }
}

async function afterSteps(count: number): Promise<void> {
  for (let step = 0; step < count; step++) await Promise.resolve()
}

const byInput = ([a]: number[], [b]: number[]) => a! - b!
const resultIn = (state: ExecutionState) => JSON.parse(resultOf(state).text) as { success: boolean; result: number[][] }

test('a crash before or after any commit changes neither the outcome nor the number of calls', async () => {
  const undisturbed = new FakeStore()
  const tools = toolServer()
  const expected = resultIn(await runOnNode(undisturbed, tools.call))
  expect(expected).toMatchObject({ success: true, result: [[1], [2], [3], [4]] })
  expect(tools.sent).toHaveLength(4)
  for (let append = 1; append <= undisturbed.appends; append++) {
    for (const isCommitted of [false, true]) {
      const store = new FakeStore()
      store.crash = { append, isCommitted }
      const { call, runs } = toolServer()
      await runOnNode(store, call)
      store.crash = undefined
      const state = await runOnNode(store, call)
      expect([append, isCommitted, resultIn(state).result.toSorted(byInput)]).toEqual([
        append,
        isCommitted,
        expected.result,
      ])
      expect([...runs.values()]).toEqual([1, 1, 1, 1])
      expect(state.epoch).toBe(append === undisturbed.appends && isCommitted ? 1 : 2)
    }
  }
})

test('crashes at random moments, one after the other, change nothing that the guest sees', async () => {
  const crashes = fc.array(fc.record({ append: fc.integer({ min: 1, max: 6 }), isCommitted: fc.boolean() }), {
    maxLength: 5,
  })
  await fc.assert(
    fc.asyncProperty(crashes, fc.array(fc.nat(6), { minLength: 1, maxLength: 4 }), async (faults, delays) => {
      const store = new FakeStore()
      const { call, runs } = toolServer(delays)
      for (const { append, isCommitted } of faults) {
        store.crash = { append: store.appends + append, isCommitted }
        if ((await runOnNode(store, call)).hasEnded) return
      }
      store.crash = undefined
      const state = await runOnNode(store, call)
      expect(resultIn(state).result.toSorted(byInput)).toEqual([[1], [2], [3], [4]])
      expect([...runs.values()]).toEqual([1, 1, 1, 1])
      expect(state.logs.map(({ text }) => text)).toEqual(['started'])
    }),
    { numRuns: 200 },
  )
})

test('calls that were in flight are sent again with the same id, and answered ones are not', async () => {
  const store = new FakeStore()
  // Appends: claim, start, and the first answer, after which the node is gone.
  store.crash = { append: 3, isCommitted: true }
  const first: string[] = []
  await runOnNode(store, ({ callId }) => {
    first.push(callId)
    return first.length === 1 ? Promise.resolve({ ok: true, output: 1 }) : new Promise(() => {})
  })
  store.crash = undefined
  const second = toolServer()
  await runOnNode(store, second.call)
  expect(first.map((id) => id.split(':')[1])).toEqual(['1', '2', '3'])
  expect(second.sent.map((id) => id.split(':')[1])).toEqual(['2', '3', '4'])
})

test('a node that has lost its lease appends nothing, ends nothing and shows nothing', async () => {
  const store = new FakeStore()
  const journal = new JournalLog(headerOf())
  const state = new ExecutionState(journal.header)
  const answer = Promise.withResolvers<ToolAnswer>()
  const allSent = Promise.withResolvers<void>()
  const signals: AbortSignal[] = []
  let endings = 0
  const runner = new ExecutionRunner({
    journal,
    state,
    trace,
    append: store.claim(() => {}),
    sandbox,
    placement: { tenant: 't', isolation: 'tenant' },
    transport: {
      call(_call, signal) {
        signals.push(signal)
        if (signals.length === 3) allSent.resolve()
        return signals.length === 1 ? answer.promise : new Promise(() => {})
      },
    },
    pacer: new Pacer(),
    now: Date.now,
    onTurnRequested() {},
    onEnded: () => (endings += 1),
    observer: combineObservers([{ executionFailedByBug: (error) => expect.unreachable(String(error)) }]),
    observed,
  })
  const wallTimeout = { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: 60_000 } as const
  const stopped = runner.run({ epoch: 1, node: 'frozen', wallTimeout })
  await allSent.promise
  store.claim(() => {})
  answer.resolve({ ok: true, output: 1 })
  await stopped
  expect(store.entries.map(({ type }) => type)).toEqual(['claim', 'turn'])
  expect(state.hasEnded).toBe(false)
  expect(endings).toBe(0)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, true])
  runner.stop(cancelled('too late'))
  expect(store.entries).toHaveLength(2)
})

test('an execution whose lease the store does not confirm is reported as lost, once', async () => {
  const journal = new JournalLog(headerOf())
  const state = new ExecutionState(journal.header)
  const lost: string[] = []
  let confirmations = 0
  const runner = new ExecutionRunner({
    journal,
    state,
    trace,
    append: () => undefined,
    confirm() {
      confirmations += 1
      return Promise.reject(new LeaseLost())
    },
    sandbox,
    placement: { tenant: 't', isolation: 'tenant' },
    transport: { call: () => expect.unreachable('the lease is not confirmed') },
    pacer: new Pacer(),
    now: Date.now,
    onTurnRequested() {},
    onEnded: () => expect.unreachable('another node ends it'),
    observer: combineObservers([{ executionLost: ({ executionId }) => lost.push(executionId) }]),
    observed,
  })
  const wallTimeout = { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: 60_000 } as const
  await runner.run({ epoch: 1, node: 'frozen', wallTimeout })
  expect(confirmations).toBeGreaterThan(1)
  expect(lost).toEqual([observed.executionId])
})

test('an entry that the store refuses for another reason is reported, and the node leaves the execution', async () => {
  const journal = new JournalLog(headerOf())
  const state = new ExecutionState(journal.header)
  const bug = new Error('invalid input syntax')
  const bugs: unknown[] = []
  const runner = new ExecutionRunner({
    journal,
    state,
    trace,
    append: () => Promise.reject(bug),
    sandbox,
    placement: { tenant: 't', isolation: 'tenant' },
    transport: { call: () => new Promise(() => {}) },
    pacer: new Pacer(),
    now: Date.now,
    onTurnRequested() {},
    onEnded: () => expect.unreachable('nothing was stored'),
    observer: combineObservers([{ executionFailedByBug: (error) => bugs.push(error) }]),
    observed,
  })
  const wallTimeout = { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: 60_000 } as const
  await runner.run({ epoch: 1, node: 'one', wallTimeout })
  expect(bugs).toEqual([bug])
  expect(state.hasEnded).toBe(false)
})

test('the guest of a cancelled step is not kept if the journal has no room for its last turn', async () => {
  const [reserved, asked, ended] = [1, 2, 3].map(() => Promise.withResolvers<void>())
  const header = headerOf()
  const journal = new JournalLog({
    ...header,
    session: { id: 'ses_1', step: 1 },
    limits: { ...header.limits, journalBytes: 500 },
  })
  const guest = {
    turn: async (): Promise<TurnOutcome> => ({
      type: 'turn',
      cpuMs: 1,
      effects: effectsOf({ calls: [{ call: 1, tool: 'echo', input: JSON.stringify('x'.repeat(500)) }] }),
    }),
    close: vi.fn(),
  }
  const giveBack = vi.fn()
  const state = new ExecutionState(journal.header)
  const runner = new ExecutionRunner({
    journal,
    state,
    trace,
    append: () => undefined,
    sandbox: { placeGuest: () => guest } as Partial<Sandbox> as Sandbox,
    placement: { tenant: 't', isolation: 'tenant' },
    transport: { call: () => expect.unreachable() },
    pacer: { reserve: () => (asked!.resolve(), reserved!.promise) } as Partial<Pacer> as Pacer,
    realm: { isEmpty: true, reportedVariables: undefined, journals: async () => [], take: () => undefined, giveBack },
    now: Date.now,
    onTurnRequested() {},
    onEnded: ended!.resolve,
    observer: combineObservers([{ executionFailedByBug: (error) => expect.unreachable(String(error)) }]),
    observed,
  })
  const wallTimeout = { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: 60_000 } as const
  void runner.run({ epoch: 1, node: 'one', wallTimeout })
  await asked!.promise
  runner.stop(cancelled('enough'))
  reserved!.resolve()
  await ended!.promise
  expect(state).toMatchObject({ turns: 0, isStateKept: false, outcome: { error: { code: 'CANCELLED' } } })
  expect(giveBack).not.toHaveBeenCalled()
  expect(guest.close).toHaveBeenCalledOnce()
})
