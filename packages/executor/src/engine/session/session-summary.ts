import type { SessionSummary } from '@codemode/shared'

import type { StoredSession } from '../../store/session-store.ts'
import { timestamp } from '../../timestamp.ts'

/** Returns the summary of a session of either kind. */
export function summaryOf(session: StoredSession, { durable }: { readonly durable: boolean }): SessionSummary {
  const { facts, createdAt, lastUsedAt, steps, pendingSteps, sizeBytes } = session
  const { id, owner, label, idleTimeoutMs } = facts
  return {
    sessionId: id,
    durable,
    owner,
    ...(label !== undefined && { label }),
    createdAt: timestamp(createdAt),
    lastUsedAt: timestamp(lastUsedAt),
    expiresAt: timestamp(lastUsedAt + idleTimeoutMs),
    steps,
    pendingSteps,
    sizeBytes,
  }
}
