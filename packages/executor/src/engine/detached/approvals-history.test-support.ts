// One random history of a detached execution with approvals, on nodes that crash, freeze and close. Its checks know the
// requests that were made of the executor and their outcomes, the deliveries to the tool server, and the journal.
import { createHash } from 'node:crypto'

import {
  isFinal,
  newExecutionId,
  type RequestError,
  type Approval,
  type Decision,
  type ToolResponse,
} from '@codemode/shared'
import { expect, vi } from 'vitest'

import { defaultMaxLimits } from '../../api-keys.ts'
import { MemoryStore, type Operation } from '../../store/memory-store.test-support.ts'
import type { OutgoingCall } from '../../tools/transport.ts'
import type { Submission } from '../engine.ts'
import { combineObservers } from '../engine-observer.ts'
import { allRights, type Principal } from '../principal.ts'
import { Pacer } from '../runner/pacer.ts'
import { WarmGuests } from '../session/warm-guests.ts'
import { approvalText } from '../state/approval-text.ts'
import { headerOf } from '../state/journal.test-support.ts'
import { ApprovalsJournal, type ModelledCall } from './approvals-journal.test-support.ts'
import { decisions, sandbox, tools, type Action, type Program } from './approvals-program.test-support.ts'
import { DetachedExecutions } from './detached-executions.ts'

const limits = { executionTimeoutMs: 86_400_000, toolTimeoutMs: 86_400_000 }
const principal: Principal = {
  keyId: 'key',
  owner: 'owner',
  rights: allRights,
  tenant: 'acme',
  isolation: 'tenant',
  reuseIsolates: true,
  defaultLimits: headerOf().limits,
  maxLimits: { ...defaultMaxLimits, ...limits },
  maxDetachedExecutionMs: 30 * 86_400_000,
  maxRunning: 10,
  maxQueued: 10,
}
const approver: Principal = { ...principal, keyId: 'approver-key', owner: 'approver' }
const callback = { url: 'https://app.example/tools', token: 'x'.repeat(16) }

/** Lets everything happen that waits for no timer. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Decision or answer that the executor has accepted. */
interface Accepted<What> {
  readonly call: number
  readonly what: What
}

/** One execution, the node that is alive, and the tool server. */
export class ApprovalsHistory {
  readonly #store = new MemoryStore({ around: (...args) => this.#around(...args) })
  readonly #submission: Submission
  readonly #program: Program
  readonly #decided: Accepted<Decision>[] = []
  readonly #answered: Accepted<unknown>[] = []
  readonly #deliveries = new Map<number, OutgoingCall[]>()
  /** Calls whose handlers have an answer, and what waits for it. */
  readonly #finished = new Set<number>()
  readonly #waiting = new Map<number, (() => void)[]>()
  readonly #crashed = new Set<string>()
  readonly #requests: Promise<unknown>[] = []
  readonly #bugs: unknown[] = []
  #serving: { stop(): Promise<unknown> } | undefined
  #crash: { left: number; readonly isDone: boolean } | undefined
  /** Operations of the store whose answers are late. */
  #slow = 0
  #isCancelled = false
  #hasCallback: boolean
  #posts = 0
  #nodes = 0
  #node: DetachedExecutions

  constructor(program: Program) {
    this.#program = program
    this.#hasCallback = program.hasCallback
    const request = { id: newExecutionId(), code: JSON.stringify(program), tools, limits, detached: true }
    this.#submission = {
      request: { ...request, expiresAfterMs: 20 * 86_400_000, ...(program.hasCallback && { callback }) },
      bodyHash: 'hash',
      principal,
      correlationId: 'cor_1',
      transport: 'callback',
    }
    this.#node = this.#startNode()
  }

  /** Performs the actions, and then what is needed for the end, and checks everything. */
  async run(actions: readonly Action[]): Promise<ApprovalsJournal> {
    await this.#node.submit(this.#submission)
    await settle()
    for (const action of actions) {
      await this.#perform(action)
      if (!action.isRushed) await settle()
    }
    await this.#drain()
    expect(this.#bugs).toEqual([])
    await Promise.all(this.#requests)
    const journal = await this.#journal()
    await this.#checkApprovals(journal)
    await this.#checkCalls(journal)
    await this.#serving?.stop()
    vi.clearAllTimers()
    return journal
  }

  get #id(): string {
    return this.#submission.request.id!
  }

  get #name(): string {
    return `node ${this.#nodes}`
  }

  #startNode(): DetachedExecutions {
    this.#nodes += 1
    const node = this.#name
    return new DetachedExecutions({
      store: this.#store,
      node,
      maxRunning: 10,
      parkAfterMs: 1_000,
      guests: new WarmGuests(30_000),
      sandbox,
      pacer: new Pacer(),
      callbackTransport: () => ({ call: (call) => this.#call(call, node) }),
      observer: combineObservers([{ executionFailedByBug: (error) => this.#bugs.push(error) }]),
    })
  }

  async #perform(action: Action): Promise<void> {
    switch (action.type) {
      case 'pass':
        vi.advanceTimersByTime(action.ms)
        return
      case 'finish': {
        const open = [...this.#deliveries.keys()].filter((call) => !this.#finished.has(call))
        if (open.length > 0) this.#finish(open.at(action.which % open.length)!)
        return
      }
      case 'decide':
        return this.#decideAll(action)
      case 'post':
        this.#request(this.#post(action.call, action.response))
        return
      case 'crash':
        this.#crash ??= { left: action.after, isDone: action.isDone }
        return
      case 'slow':
        this.#slow = 3
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
      case 'callback':
        this.#request(
          this.#node
            .setCallback('acme', this.#id, callback)
            .then(() => void (this.#hasCallback = true), expectCode('INVALID_REQUEST', 'EXECUTION_SERVED')),
        )
        return
      case 'serve':
        return this.#serve()
      case 'stopServing':
        await this.#serving?.stop()
        this.#serving = undefined
        return
      case 'cancel': {
        this.#isCancelled = true
        const execution = await this.#node.find('acme', this.#id)
        await execution.cancel('enough')
      }
    }
  }

  /** Takes note of a request whose outcome is checked at the end. */
  #request(request: Promise<unknown>): void {
    request.catch(() => {})
    this.#requests.push(request)
  }

  async #drain(): Promise<void> {
    this.#crash = undefined
    for (let n = 0; n < 60 && (await this.#journal()).end === undefined; n++) {
      await settle()
      for (const call of this.#deliveries.keys()) this.#finish(call)
      for (const approval of await this.#approvals()) {
        if (approval.status === 'pending') await this.#decide(approval, { decision: 'approve' })
      }
      await settle()
      for (const [call, { status, tool }] of (await this.#journal()).calls) {
        if (status === 'deferred' || (status === 'open' && !this.#hasCallback)) {
          const isAsked =
            status === 'open' &&
            tool === 'ask' &&
            call % 2 === 1 &&
            (await this.#journal()).calls.get(call)?.requests === 0
          await this.#post(call, isAsked ? 'approvalRequired' : 'answer')
        }
      }
      await settle()
      vi.advanceTimersByTime(10_000)
      await settle()
    }
    expect((await this.#journal()).end, 'the execution ends').toBeDefined()
  }

  #replaceNode(node = this.#name): void {
    this.#crash = undefined
    if (node === this.#name) this.#node = this.#startNode()
    this.#store.kill(node)
  }

  #around(_operation: Operation, isDone: boolean, node: string): Promise<void> | undefined {
    if (this.#crashed.has(node)) return new Promise(() => {})
    if (node === this.#name && this.#crash?.isDone === isDone && --this.#crash.left <= 0) {
      this.#crashed.add(node)
      queueMicrotask(() => this.#replaceNode(node))
      return new Promise(() => {})
    }
    if (!isDone || this.#slow === 0) return undefined
    this.#slow -= 1
    return settle().then(settle)
  }

  /** Tool server: runs the handler of a call, unless the call needs an approval first. */
  async #call(call: OutgoingCall, node: string): Promise<ToolResponse> {
    if (this.#crashed.has(node)) return new Promise(() => {})
    const number = Number(call.callId.split(':')[1])
    const { calls } = await this.#journal()
    const modelled = calls.get(number)!
    expect(modelled, 'a call that is sent is in the journal').toBeDefined()
    this.#checkDelivery(call, modelled)
    // A node that was replaced may send what it has committed just before.
    if (node === this.#name) expect(['open', 'settled'], 'status of a sent call').toContain(modelled.status)
    const amount = JSON.parse(call.input).amount as number
    if (call.tool === 'ask' && call.approval === undefined && amount % 2 === 1) return { approvalRequired: true }
    this.#deliveries.set(number, [...(this.#deliveries.get(number) ?? []), call])
    if (call.tool.startsWith('later')) return { deferred: true }
    if (!this.#finished.has(number)) {
      await new Promise<void>((resolve) => this.#waiting.set(number, [...(this.#waiting.get(number) ?? []), resolve]))
    }
    return this.#crashed.has(node) ? new Promise(() => {}) : { ok: true, output: `done ${number}` }
  }

  #checkDelivery({ tool, input, approval }: OutgoingCall, { decision, input: approved, made }: ModelledCall): void {
    if (tool.startsWith('pay')) expect(decision?.decision, 'a call is sent after its approval').toBe('approve')
    if (approval === undefined) return expect(input).toBe(made)
    expect(decision?.decision).toBe('approve')
    expect(input).toBe(approved)
    expect(approval).toEqual({
      inputHash: createHash('sha256').update(input).digest('hex'),
      decidedBy: 'approver',
    })
  }

  #finish(call: number): void {
    const tool = this.#deliveries.get(call)!.at(0)!.tool
    if (tool.startsWith('later')) {
      this.#request(this.#post(call, 'answer'))
      return
    }
    this.#finished.add(call)
    for (const resolve of this.#waiting.get(call) ?? []) resolve()
  }

  async #approvals(): Promise<Approval[]> {
    const { items } = await this.#node.listApprovals('acme', { executionId: this.#id, limit: 100 })
    return items.map((item) => JSON.parse(approvalText(this.#id, item)) as Approval)
  }

  async #decideAll({ which, decisions: numbers, isStale }: Extract<Action, { type: 'decide' }>): Promise<void> {
    const approvals = await this.#approvals()
    const approval = approvals.at(which % approvals.length)
    if (approval === undefined) return
    const inputHash = isStale ? '0'.repeat(64) : approval.inputHash
    for (const number of numbers) this.#request(this.#decide({ ...approval, inputHash }, decisions.at(number)!))
  }

  async #decide({ callId, inputHash }: Approval, decision: Decision): Promise<void> {
    const request = { ...decision, inputHash }
    try {
      await this.#node.decide({ id: this.#id, callId, request, principal: approver })
      this.#decided.push({ call: Number(callId.split(':')[1]), what: decision })
      expect(inputHash, 'the hash of an accepted decision').not.toBe('0'.repeat(64))
    } catch (error) {
      const { code, details } = error as { code: string; details: { approval?: Approval } }
      if (decision === decisions.at(-1)) return expect(code).toBe('INVALID_REQUEST')
      expect(code).toBe('APPROVAL_CONFLICT')
      const { inputHash: current, status, expiresAt = '9999' } = details.approval!
      const isPending = status === 'pending' && Date.parse(expiresAt) > Date.now()
      if (current === inputHash) expect(isPending, 'a refused decision about a pending approval').toBe(false)
    }
  }

  async #post(call: number, type: 'answer' | 'deferred' | 'approvalRequired'): Promise<void> {
    const output = `posted ${(this.#posts += 1)}`
    const responses = {
      answer: { ok: true, output },
      deferred: { deferred: true },
      approvalRequired: { approvalRequired: true },
    } as const
    try {
      const execution = await this.#node.find('acme', this.#id)
      const isAccepted = await execution.answerCall(`${this.#id}:${call}`, responses[type])
      if (isAccepted && type === 'answer') this.#answered.push({ call, what: output })
    } catch (error) {
      expectCode('APPROVAL_CONFLICT')(error)
    }
  }

  async #serve(): Promise<void> {
    const execution = await this.#node.find('acme', this.#id)
    const stop = new AbortController()
    const opening = execution.events({ signal: stop.signal, isServing: true })
    if (this.#serving !== undefined && !isFinal(execution.status))
      return opening.then(() => expect.unreachable(), expectCode('EXECUTION_SERVED'))
    const events = (await opening)[Symbol.asyncIterator]()
    await events.next()
    if (this.#serving === undefined) {
      this.#serving = {
        async stop() {
          stop.abort()
          await events.return?.()
        },
      }
    } else await events.return?.()
  }

  async #journal(): Promise<ApprovalsJournal> {
    return new ApprovalsJournal((await this.#store.read('acme', this.#id, 0))!.entries)
  }

  /** Checks that accepted decisions took effect, others did not, and the list has the outcomes of the journal. */
  async #checkApprovals({ calls, end }: ApprovalsJournal): Promise<void> {
    const approvals = new Map(
      (await this.#approvals()).map((approval) => [Number(approval.callId.split(':')[1]), approval]),
    )
    const statuses = { approve: 'approved', reject: 'rejected', respond: 'responded', expire: 'expired' } as const
    for (const [number, { decision, requests, status }] of calls) {
      const accepted = this.#decided.filter(({ call }) => call === number).map(({ what }) => what)
      // Another approval of the same call may have been requested after the first one.
      if (requests <= 1) for (const what of accepted) expect(what, 'accepted decisions').toEqual(accepted[0])
      const approval = approvals.get(number)
      // An approval that is requested in the transaction that ends the execution is not listed.
      if (requests > 0 && end === 'completed') expect(approval).toBeDefined()
      if (approval === undefined) continue
      const isDecided = decision !== undefined && status !== 'paused'
      if (isDecided) expect(approval.status).toBe(statuses[decision.decision])
      else if (accepted.length === 0) expect(approval.status, 'an approval without a decision').toBe('cancelled')
      if (decision !== undefined && decision.decision !== 'expire') {
        const { by, reason, input } = decision
        const made = accepted.findLast((each) => each.decision === decision.decision)
        expect(made, 'the decision in the journal was accepted').toBeDefined()
        expect({ by, reason, input: input && JSON.parse(input) }).toEqual({
          by: 'approver',
          reason: made?.decision === 'reject' ? made.reason : undefined,
          input: made?.decision === 'approve' ? made.input : undefined,
        })
      } else if (accepted.length > 0) {
        expect(
          ['CANCELLED', 'APPROVAL_REJECTED', 'SANDBOX_CRASHED'],
          `no effect of ${JSON.stringify(accepted)}`,
        ).toContain(end)
      }
    }
  }

  async #checkCalls({ calls, claims, end }: ApprovalsJournal): Promise<void> {
    for (const [number, { tool, answer, decision, requests }] of calls) {
      const deliveries = this.#deliveries.get(number) ?? []
      expect(deliveries.length, 'deliveries of a call').toBeLessThanOrEqual(claims)
      expect(new Set(deliveries.map(({ input }) => input)).size).toBeLessThanOrEqual(1)
      if (decision !== undefined && decision.decision !== 'approve') expect(deliveries).toEqual([])
      if (answer === undefined) continue
      const posted = this.#answered.filter(({ call }) => call === number).map(({ what }) => JSON.stringify(what))
      const isTimeout = answer.includes('TOOL_TIMEOUT')
      if (isTimeout) expect(tool).toBe('laterToday')
      else if (answer === `"done ${number}"`) expect(deliveries).not.toEqual([])
      else expect(posted, 'accepted answers').toContain(answer)
      // Nothing else can answer these calls, so the first answer that was accepted is the one. One that was sent together
      // with a request for an approval has no effect.
      if (tool === 'later' && requests === 0 && posted.length > 0) expect(answer).toBe(posted[0])
    }
    if (this.#isCancelled) return
    const isRejected = [...calls.values()].some(({ decision }) => decision?.end !== undefined)
    if (isRejected) return expect(end).toBe('APPROVAL_REJECTED')
    if (end === 'SANDBOX_CRASHED') return
    expect(end).toBe('completed')
    const execution = await this.#node.find('acme', this.#id)
    const { result } = JSON.parse(await execution.result()) as { result: unknown[] }
    expect(result).toHaveLength(this.#program.groups.flat().length)
  }
}

function expectCode(...codes: string[]) {
  return (error: unknown): void => expect(codes).toContain((error as RequestError).code)
}
