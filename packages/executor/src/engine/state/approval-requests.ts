import type { JournalEntry, JournalHeader } from '@codemode/shared'

import type { RequestedApproval } from '../../store/stored-approval.ts'
import type { CallState } from './call-table.ts'
import type { ExecutionState } from './execution-state.ts'
import { pendingApprovalOf } from './pending-approval.ts'

/** Returns the names of the tools whose calls wait for an approval as soon as they are made. */
export function toolsThatPause({ approvals, tools }: JournalHeader): ReadonlySet<string> {
  if (approvals === 'client') return new Set()
  return new Set(tools.flatMap(({ name, requiresApproval }) => (requiresApproval === 'always' ? [name] : [])))
}

/** Returns the approvals that are requested by entries which the state does not have yet. */
export function approvalsRequestedBy(state: ExecutionState, entries: readonly JournalEntry[]): RequestedApproval[] {
  const made = new Map<number, Pick<CallState, 'number' | 'tool' | 'input'>>()
  const requested: RequestedApproval[] = []
  const request = (
    call: Pick<CallState, 'number' | 'tool' | 'input'> | undefined,
    more: Pick<CallState, 'heldAt' | 'reason'>,
  ): void => {
    if (call !== undefined) requested.push(pendingApprovalOf(state.header, { ...call, ...more, status: 'paused' }))
  }
  for (const entry of entries) {
    if (entry.type === 'approval') {
      const { call, at, reason } = entry
      request(state.calls.open(call) ?? made.get(call), { heldAt: at, reason })
    }
    if (entry.type !== 'turn' || entry.effects.end !== undefined) continue
    const pausing = toolsThatPause(state.header)
    for (const { call: number, tool, input } of entry.effects.calls) {
      made.set(number, { number, tool, input })
      if (!pausing.has(tool) || entry.refused?.includes(number)) continue
      request(made.get(number), { heldAt: entry.endedAt, reason: undefined })
    }
  }
  return requested
}

/** Returns the numbers of the calls whose approvals have expired by the given entries. */
export function approvalsExpiredBy(entries: readonly JournalEntry[]): number[] {
  return entries.flatMap((entry) => (entry.type === 'decision' && entry.decision === 'expire' ? [entry.call] : []))
}
