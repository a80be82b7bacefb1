// Random histories of a detached execution on nodes that crash, freeze and close, against a model of its journal.
import type { ToolAnswer } from '@codemode/shared'
import fc from 'fast-check'
import { beforeEach, expect, test, vi } from 'vitest'

import { MemoryStore, type Operation } from '../../store/memory-store.test-support.ts'
import type { OutgoingCall } from '../../tools/transport.ts'
import { ExecutionState } from '../state/execution-state.ts'
import { callsOf } from '../state/journal.test-support.ts'
import type { DetachedExecutions } from './detached-executions.ts'
import { JournalModel } from './journal-model.test-support.ts'
import {
  principal,
  scriptedSandbox,
  startScriptedNode,
  submissionOf,
  type Script,
} from './scripted-nodes.test-support.ts'

const minute = 60_000
/** Timeouts that no history reaches. */
const limits = { executionTimeoutMs: 86_400_000, toolTimeoutMs: 86_400_000 }
const patient = { ...principal, maxLimits: { ...principal.maxLimits, ...limits } }

/** Part of a program: calls and a sleep at the same time. The next part begins when all of them are over. */
interface Part {
  readonly calls: number
  readonly sleepMs: number | null
}

const parts = fc.array(fc.record({ calls: fc.nat(3), sleepMs: fc.constantFrom(null, 10, minute, 20 * minute) }), {
  minLength: 1,
  maxLength: 4,
})

/** Returns the script of a program, which is the JSON text of its parts. Its value are all answers, by their calls. */
function scriptOf(code: string): Script {
  const program = JSON.parse(code) as Part[]
  return (deliveries) => {
    const answers: string[] = []
    let [next, made, open] = [0, 0, 0]
    let timerAt: number | null = null
    let calls: number[] = []
    for (const delivery of deliveries) {
      calls = []
      if (delivery.kind === 'answer') {
        answers[delivery.call - 1] = delivery.ok ? delivery.text : '"failed"'
        open -= 1
      } else timerAt = null
      while (open === 0 && timerAt === null) {
        const part = program[next++]
        if (part === undefined) return { end: { ok: true, result: `[${answers.toString()}]` } }
        for (let n = 0; n < part.calls; n++) calls.push((made += 1))
        open = part.calls
        timerAt = part.sleepMs === null ? null : delivery.at + part.sleepMs
      }
    }
    return { calls: callsOf(...calls), nextTimerAt: timerAt }
  }
}

type Action =
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'answer'; readonly which: number; readonly ok: boolean }
  | { readonly type: 'cancel' | 'wake' | 'close' | 'freeze' }
  | { readonly type: 'crash'; readonly after: number; readonly isDone: boolean }

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(1, 50, 5_000, 2 * minute) }),
    },
    { weight: 6, arbitrary: fc.record({ type: fc.constant('answer' as const), which: fc.nat(2), ok: fc.boolean() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('crash' as const),
        after: fc.integer({ min: 1, max: 4 }),
        isDone: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('wake', 'close', 'freeze') }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('cancel' as const) }) },
  ),
  { minLength: 5, maxLength: 25 },
)

const failed: ToolAnswer = {
  ok: false,
  error: { code: 'TOOL_ERROR', name: 'Error', message: 'no' },
}

/** Lets everything happen that waits for no timer. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** One execution, the node that is alive, and the tool server with its record of answers. */
class History {
  readonly #store = new MemoryStore({ around: (...args) => this.#around(...args) })
  readonly #submission: ReturnType<typeof submissionOf>
  readonly #answers = new Map<number, ToolAnswer>()
  readonly #waiting = new Map<number, (() => void)[]>()
  /** Nodes that have sent each call. */
  readonly #senders = new Map<number, string[]>()
  readonly #crashed = new Set<string>()
  /** Operations of the live node up to its crash. */
  #crash: { left: number; readonly isDone: boolean } | undefined
  #isCancelled = false
  /** Whether the cancellation came while the execution waited for something, so that it has to end the execution. */
  #mustEndCancelled = false
  #nodes = 0
  #node: DetachedExecutions

  constructor(program: readonly Part[]) {
    this.#submission = { ...submissionOf(JSON.stringify(program), { limits }), principal: patient }
    this.#node = this.#startNode()
  }

  /** Performs the actions, and then what is needed for the end. Returns the model of the whole journal. */
  async run(steps: readonly Action[]): Promise<JournalModel> {
    await this.#node.submit(this.#submission)
    await settle()
    for (const action of steps) {
      await this.#perform(action)
      await settle()
      await this.#check()
    }
    this.#crash = undefined
    for (let n = 0; n < 40 && (await this.#check()).end === undefined; n++) {
      for (const call of this.#open) this.#answer(call, true)
      await settle()
      vi.advanceTimersByTime(10 * minute)
      await settle()
    }
    const model = await this.#check()
    await this.#checkEnd(model)
    vi.clearAllTimers()
    return model
  }

  get #id(): string {
    return this.#submission.request.id!
  }

  get #name(): string {
    return `node ${this.#nodes}`
  }

  /** Calls that the tool server has received and not answered. */
  get #open(): number[] {
    return [...this.#senders.keys()].filter((call) => !this.#answers.has(call))
  }

  #startNode(): DetachedExecutions {
    this.#nodes += 1
    const name = this.#name
    const sandbox = scriptedSandbox(scriptOf)
    return startScriptedNode(this.#store, name, { sandbox, call: (call) => this.#call(call, name) })
  }

  async #perform(action: Action): Promise<void> {
    switch (action.type) {
      case 'pass':
        vi.advanceTimersByTime(action.ms)
        return
      case 'answer': {
        const call = this.#open[action.which]
        if (call !== undefined) this.#answer(call, action.ok)
        return
      }
      case 'crash':
        this.#crash ??= { left: action.after, isDone: action.isDone }
        return
      case 'close': {
        const closing = this.#node
        this.#node = this.#startNode()
        void closing.close()
        return
      }
      // The node does not know that it has lost what it holds.
      case 'freeze':
        return this.#replaceNode()
      case 'wake': {
        const { end } = await this.#model()
        const waking = this.#node.wake('acme', this.#id)
        if (end === undefined) await waking
        else await expect(waking).rejects.toMatchObject({ code: 'EXECUTION_ENDED' })
        return
      }
      case 'cancel': {
        const { status } = await this.#model()
        const execution = await this.#node.find('acme', this.#id)
        await execution.cancel('enough')
        this.#isCancelled = true
        this.#mustEndCancelled ||= status === 'waiting' && this.#crash === undefined
      }
    }
  }

  #replaceNode(): void {
    const old = this.#name
    this.#crash = undefined
    this.#node = this.#startNode()
    this.#store.kill(old)
  }

  #around(_operation: Operation, isDone: boolean, node: string): Promise<void> | undefined {
    if (this.#crashed.has(node)) return new Promise(() => {})
    if (node !== this.#name || this.#crash?.isDone !== isDone || --this.#crash.left > 0) return undefined
    this.#crashed.add(node)
    queueMicrotask(() => this.#replaceNode())
    return new Promise(() => {})
  }

  async #call({ callId }: OutgoingCall, node: string): Promise<ToolAnswer> {
    const never = new Promise<never>(() => {})
    if (this.#crashed.has(node)) return never
    const model = await this.#model()
    const [executionId, number] = callId.split(':')
    const call = Number(number)
    expect(executionId).toBe(this.#id)
    expect(model.made, 'a call that is sent is in the journal').toContain(call)
    expect(model.claims).toContain(node)
    const senders = this.#senders.get(call) ?? []
    expect(senders, 'a node sends a call once').not.toContain(node)
    // A node that was replaced may send what it has committed just before.
    if (senders.length > 0 && node === this.#name) expect(model.open, 'a repeated call').toContain(call)
    this.#senders.set(call, [...senders, node])
    if (!this.#answers.has(call)) {
      await new Promise<void>((resolve) => this.#waiting.set(call, [...(this.#waiting.get(call) ?? []), resolve]))
    }
    return this.#crashed.has(node) ? never : this.#answers.get(call)!
  }

  #answer(call: number, ok: boolean): void {
    this.#answers.set(call, ok ? { ok, output: `answer ${call}` } : failed)
    for (const resolve of this.#waiting.get(call) ?? []) resolve()
  }

  async #model(): Promise<JournalModel> {
    const { entries } = (await this.#store.read('acme', this.#id, 0))!
    const model = new JournalModel()
    for (const entry of entries) model.add(entry)
    return model
  }

  /** Compares the state that the executor derives from the journal, at each entry, with the model. */
  async #check(): Promise<JournalModel> {
    const { header, entries } = (await this.#store.read('acme', this.#id, 0))!
    const state = new ExecutionState(header)
    const model = new JournalModel()
    for (const entry of entries) {
      state.apply(entry)
      model.add(entry)
      expect({ status: state.status, open: state.calls.openCount, epoch: state.epoch }).toEqual({
        status: model.status,
        open: model.open.size,
        epoch: model.epoch,
      })
    }
    return model
  }

  async #checkEnd(model: JournalModel): Promise<void> {
    const { status } = (await this.#store.find('acme', this.#id))!
    expect(status).toBe(model.end?.status)
    const { entries } = (await this.#store.read('acme', this.#id, 0))!
    const claimsBeforeEnd = entries.slice(0, -1).reduce((count, { type }) => (type === 'claim' ? count + 1 : 0), 0)
    if (model.end?.code === 'SANDBOX_CRASHED') return expect(claimsBeforeEnd).toBe(3)
    if (this.#mustEndCancelled) return expect(model.end?.code).toBe('CANCELLED')
    if (this.#isCancelled && model.end?.code === 'CANCELLED') return
    const result = JSON.parse(await (await this.#node.find('acme', this.#id)).result()) as { result?: unknown }
    const expected = [...model.made].map((call) => (this.#answers.get(call)!.ok ? `answer ${call}` : 'failed'))
    expect(result).toMatchObject({ success: true, result: expected })
    const total = (JSON.parse(this.#submission.request.code) as Part[]).reduce((sum, { calls }) => sum + calls, 0)
    expect([...this.#senders.keys()].toSorted((a, b) => a - b)).toEqual(expected.map((_, index) => index + 1))
    expect(expected).toHaveLength(total)
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
})

test('1,000 random histories agree with the model, and their outcomes do not depend on crashes', async () => {
  const property = fc.asyncProperty(parts, actions, async (program, steps) => {
    expect((await new History(program).run(steps)).end).toBeDefined()
  })
  await fc.assert(property, { seed: 15, numRuns: 1_000 })
})
