import type { ApprovalStatus, Decision } from '@codemode/shared'

/** Decision that was made about an approval. */
export interface DecisionMade {
  readonly decision: Decision
  /** Owner of the API key that decided. */
  readonly by: string
  readonly keyId: string
}

/** Returns whether a decision repeats the one that was made, whoever makes it. Their values are compared as JSON text. */
export function isSameDecision(made: DecisionMade | undefined, other: DecisionMade): boolean {
  return made !== undefined && JSON.stringify(made.decision) === JSON.stringify(other.decision)
}

/** Approval that an entry of a journal requests. Times are in milliseconds since the epoch. */
export interface RequestedApproval {
  /** Number of the call. */
  readonly call: number
  readonly tool: string
  /** Input of the call as JSON text. */
  readonly input: string
  readonly inputHash: string
  /** Reason that the tool gave for asking. */
  readonly reason?: string | undefined
  readonly requestedAt: number
  readonly expiresAt?: number | undefined
}

/** Approval as approvers see it. */
export interface StoredApproval extends RequestedApproval {
  readonly executionId: string
  /** Owner of the execution. */
  readonly owner: string
  readonly label?: string | undefined
  readonly status: ApprovalStatus
  readonly decided?: { readonly made: DecisionMade; readonly at: number } | undefined
}

/** Decision about the call with the given number and input. */
export interface NewDecision {
  readonly call: number
  readonly inputHash: string
  readonly made: DecisionMade
}

/** Outcome of a decision, with the approval after it: the same decision had been made before, or it is refused. */
export interface Decided {
  readonly type: 'decided' | 'repeated' | 'refused'
  readonly approval: StoredApproval
}

/** Filter and page of a list of approvals. */
export interface ApprovalListOptions {
  readonly owner?: string | undefined
  readonly status?: ApprovalStatus | undefined
  readonly executionId?: string | undefined
  /** Which request is first; the oldest by default. */
  readonly order?: 'oldest' | 'newest' | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Page of a list of approvals. */
export interface ApprovalPage {
  readonly items: readonly StoredApproval[]
  readonly nextCursor: string | null
}
