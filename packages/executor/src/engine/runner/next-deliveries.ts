import type { Delivery } from '@codemode/shared'

import type { GuestDelivery } from '../../sandbox/sandbox.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import type { JournalLog } from '../state/journal-log.ts'

/** Maximum number of deliveries that are sent together. */
const maxTogether = 16
/** Length in UTF-16 units of the answers that are sent together, above which no further one is added. */
const maxTogetherLength = 256 * 1024
/**
 * CPU time in milliseconds that an execution must have left for deliveries to be sent together. Together they have the
 * time of one turn, so with less time one of them could be stopped and run again.
 */
const minTogetherCpuMs = 1_000

/** Delivery as the journal has it, and as the guest receives it. */
export interface DueDelivery {
  readonly delivery: Delivery
  readonly content: GuestDelivery
}

/**
 * Returns the deliveries that are due at the given time and can be made one after the other, without waiting for the
 * effects of the turns between them. Each is a turn of its own.
 */
export function nextDeliveries(
  { state, journal }: { readonly state: ExecutionState; readonly journal: JournalLog },
  at: number,
): readonly DueDelivery[] {
  const hasTime = journal.header.limits.cpuTimeoutMs - state.cpuMs >= minTogetherCpuMs
  const due: DueDelivery[] = []
  let length = 0
  for (const delivery of state.dueDeliveries(at, hasTime ? maxTogether : 1)) {
    const content = journal.guestDelivery(delivery, at)
    due.push({ delivery, content })
    length += content.kind === 'answer' ? content.text.length : 0
    if (length > maxTogetherLength) break
  }
  return due
}
