import {
  isSameDecision,
  type Decided,
  type NewDecision,
  type RequestedApproval,
  type StoredApproval,
} from './stored-approval.ts'

/** Approval without the facts about its execution. */
export type MemoryApproval = RequestedApproval & Pick<StoredApproval, 'status' | 'decided'>

const statuses = { approve: 'approved', reject: 'rejected', respond: 'responded' } as const

/** Approvals of one execution of the store in memory. */
export class MemoryApprovals {
  readonly #byCall = new Map<number, MemoryApproval>()

  constructor(requested: readonly RequestedApproval[] = []) {
    this.request(requested)
  }

  get all(): readonly MemoryApproval[] {
    return [...this.#byCall.values()]
  }

  /** Adds pending approvals. */
  request(requested: readonly RequestedApproval[]): void {
    for (const approval of requested) this.#byCall.set(approval.call, { ...approval, status: 'pending' })
  }

  /** Lets the approvals of these calls expire. */
  expire(calls: readonly number[]): void {
    for (const call of calls) this.#byCall.set(call, { ...this.#byCall.get(call)!, status: 'expired' })
  }

  /** Ends the pending approvals, because the execution has ended. */
  cancel(): void {
    for (const [call, approval] of this.#byCall) {
      if (approval.status === 'pending') this.#byCall.set(call, { ...approval, status: 'cancelled' })
    }
  }

  /** Takes a decision. Returns its outcome, with the approval after it; undefined if there is no approval of the call. */
  decide({ call, inputHash, made }: NewDecision): [Decided['type'], MemoryApproval] | undefined {
    const approval = this.#byCall.get(call)
    if (approval === undefined) return undefined
    const isOfInput = approval.inputHash === inputHash
    const isLate = approval.expiresAt !== undefined && approval.expiresAt <= Date.now()
    if (!isOfInput || approval.status !== 'pending' || isLate) {
      const isRepeated = isOfInput && isSameDecision(approval.decided?.made, made)
      return [isRepeated ? 'repeated' : 'refused', approval]
    }
    const status = statuses[made.decision.decision]
    const decided = { ...approval, status, decided: { made, at: Date.now() } }
    this.#byCall.set(call, decided)
    return ['decided', decided]
  }
}
