// Executions in PostgreSQL whose node crashes before or after each step. A crash stops one run, and its lease is given up at
// once as if the heartbeats had been missing, so that all cases run at the same time on two nodes.
import { newExecutionId, type ToolAnswer } from '@codemode/shared'
import { startPostgres, type PostgresServer } from '@codemode/testkit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { PostgresLease } from '../../packages/executor/src/store/postgres/postgres-lease.ts'
import { startStore } from '../../packages/executor/src/store/postgres/postgres-store.test-support.ts'
import type { PostgresStore } from '../../packages/executor/src/store/postgres/postgres-store.ts'
import type { OutgoingCall } from '../../packages/executor/src/tools/transport.ts'
import { callsOf } from '../../packages/executor/src/engine/state/journal.test-support.ts'
import type { DetachedExecutions } from '../../packages/executor/src/engine/detached/detached-executions.ts'
import { embeddedPrograms } from '../support/embedded-programs.ts'
import { faultyStore, type BeginStep, type FaultyRun, type Step } from '../support/faulty-store.ts'
import { JournalModel } from '../../packages/executor/src/engine/detached/journal-model.test-support.ts'
import {
  principal,
  resultOf,
  scriptedSandbox,
  startScriptedNode,
  submissionOf,
  type Script,
} from '../../packages/executor/src/engine/detached/scripted-nodes.test-support.ts'

/** Milliseconds of a sleep for which an execution is parked, also when a busy machine notices late that it sleeps. */
const sleepMs = 1_500
const parkAfterMs = 100

const scripts: Record<string, Script> = {
  'calls, sleeps and calls': (deliveries) => {
    const last = deliveries.at(-1)!
    if (last.kind === 'start') return { calls: callsOf(1) }
    if (last.kind === 'tick') return { calls: callsOf(2) }
    return last.kind === 'answer' && last.call === 1
      ? { nextTimerAt: last.at + sleepMs }
      : { end: { ok: true, result: textsOf(deliveries) } }
  },
  'calls three times at once': (deliveries) => {
    if (deliveries.length === 1) return { calls: callsOf(1, 2, 3) }
    return deliveries.length === 4 ? { end: { ok: true, result: textsOf(deliveries) } } : {}
  },
  'calls and is cancelled': () => ({ calls: callsOf(1) }),
  'sleeps and is cancelled': (deliveries) => ({ nextTimerAt: deliveries[0]!.at + 3_600_000 }),
}

/** Returns the answers of a guest, in the order of their calls. */
function textsOf(deliveries: Parameters<Script>[0]): string {
  const texts = deliveries.flatMap((each) => (each.kind === 'answer' ? [each.text] : []))
  return `[${texts.toSorted().toString()}]`
}

/** Fault of a case: a crash before or after the step with this number. */
interface Fault {
  readonly at: number
  readonly isDone: boolean
}

/** One execution that is run with a fault. */
interface Case {
  readonly id: string
  readonly code: string
  readonly fault: Fault | undefined
  readonly steps: Step[]
  hasCrashed: boolean
  readonly crashed: PromiseWithResolvers<FaultyRun>
  readonly called: PromiseWithResolvers<void>
  /** Calls that reached their tool, with the claim under which they were sent. */
  readonly sent: { readonly call: number; readonly epoch: number }[]
}

const cases = new Map<string, Case>()
let database: pg.Pool
let stores: PostgresStore[]
let nodes: DetachedExecutions[]

/** Counts the steps of an execution, and crashes its run at the step of the fault. */
const beginStep: BeginStep = (run, step) => {
  const running = cases.get(run.lease.execution.facts.id)!
  const number = running.steps.push(step)
  return (isDone) => {
    const { fault, hasCrashed } = running
    if (hasCrashed || fault?.at !== number || fault.isDone !== isDone) return false
    running.hasCrashed = true
    running.crashed.resolve(run)
    return true
  }
}

async function receive({ lease }: FaultyRun, { callId, input }: OutgoingCall): Promise<ToolAnswer> {
  const { code, sent, called } = cases.get(lease.execution.facts.id)!
  sent.push({ call: Number(callId.split(':')[1]), epoch: lease.epoch })
  called.resolve()
  if (code === 'calls and is cancelled') return new Promise(() => {})
  return { ok: true, output: JSON.parse(input) }
}

/** Runs an execution with a fault to its end. */
async function runCase(code: string, fault?: Fault): Promise<Case & { readonly result: unknown }> {
  const id = newExecutionId()
  const submission = submissionOf(code, { id })
  const [crashed, called] = [Promise.withResolvers<FaultyRun>(), Promise.withResolvers<void>()]
  const running: Case = { id, code, fault, steps: [], hasCrashed: false, crashed, called, sent: [] }
  cases.set(id, running)
  const [node] = nodes
  const execution = await node!.submit({ ...submission, principal: { ...principal, maxQueued: 1_000 } })
  void crashed.promise.then(giveUp)
  if (code === 'calls and is cancelled') await called.promise
  if (code === 'sleeps and is cancelled') await untilParked(id)
  if (code.endsWith('cancelled')) await execution.cancel()
  const result = await resultOf(execution)
  return { ...running, result }
}

/** Lets the wake-up of a crashed run look as if its node had not touched it for a minute, until it is delivered again. */
async function giveUp({ lease }: FaultyRun): Promise<void> {
  const { job } = lease as PostgresLease
  const neglect = `
    update codemode_jobs.job set heartbeat_on = now() - interval '1 minute'
    where id = $1 and state = 'active' and retry_count = $2`
  await expect.poll(async () => (await database.query(neglect, [job.id, job.retryCount])).rowCount).toBe(0)
}

async function untilParked(id: string): Promise<void> {
  const parked = "select 1 from codemode.executions where id = $1 and status = 'waiting'"
  await expect.poll(async () => (await database.query(parked, [id])).rowCount, { interval: 250 }).toBe(1)
}

/** Checks that each claim sends the calls that were in flight before it, and its own ones, and each of them once. */
async function checkCalls({ id, sent }: Case, isComplete: boolean): Promise<void> {
  const { entries } = (await stores[0]!.read('acme', id, 0))!
  const model = new JournalModel()
  const expected = new Map<number, Set<number>>()
  for (const entry of entries) {
    model.add(entry)
    if (entry.type === 'claim') expected.set(entry.epoch, new Set(model.open))
    if (entry.type === 'turn') for (const { call } of entry.effects.calls) expected.get(model.epoch)!.add(call)
  }
  const wrong: object[] = []
  for (const [epoch, calls] of expected) {
    const sentBy = sent.filter((each) => each.epoch === epoch).map(({ call }) => call)
    const isSent = new Set(sentBy)
    const others = sentBy.filter((call) => !calls.has(call))
    // The last claim has not crashed, and a cancellation may come before its calls.
    const missing = isComplete && epoch === model.epoch ? [...calls].filter((call) => !isSent.has(call)) : []
    if (others.length + missing.length + (sentBy.length - isSent.size) > 0)
      wrong.push({ epoch, sentBy, others, missing })
  }
  expect(wrong).toEqual([])
}

describe.each([
  { server: 'Debian', programs: async () => undefined },
  { server: 'the embedded one', programs: embeddedPrograms },
])('in PostgreSQL of $server', ({ programs }) => {
  let server: PostgresServer

  beforeAll(async () => {
    server = await startPostgres({ programs: await programs() })
    const { url } = server
    database = new pg.Pool({ connectionString: url, max: 4 })
    stores = [await startStore(url), await startStore(url)]
    nodes = stores.map((store, n) => {
      const faulty = faultyStore(store, beginStep)
      return startScriptedNode(faulty.store, `node ${n}`, {
        sandbox: scriptedSandbox((code) => scripts[code]!),
        callbackTransport: faulty.transport(receive),
        maxRunning: 1_000,
        parkAfterMs,
      })
    })
  })
  afterAll(async () => {
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
    await database.end()
    await server[Symbol.asyncDispose]()
  })

  test.each(Object.keys(scripts))(
    'an execution that %s has the same outcome with a crash before or after any step',
    { tags: ['JB-1'] },
    async (code) => {
      const undisturbed = await runCase(code)
      await checkCalls(undisturbed, true)
      const faults = undisturbed.steps.flatMap((_, index) => [
        { at: index + 1, isDone: false },
        { at: index + 1, isDone: true },
      ])
      const disturbed = await Promise.all(faults.map((fault) => runCase(code, fault)))
      // A run may have fewer steps than the undisturbed one, for example when two entries are appended together.
      expect(disturbed.filter(({ hasCrashed }) => hasCrashed).length).toBeGreaterThan(faults.length / 2)
      for (const each of disturbed) {
        expect([each.fault, each.result]).toEqual([each.fault, undisturbed.result])
        await checkCalls(each, each.result !== 'CANCELLED')
      }
    },
  )
})
