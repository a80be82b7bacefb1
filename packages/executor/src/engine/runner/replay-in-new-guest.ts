import type { Placement, Sandbox } from '../../sandbox/sandbox.ts'
import type { StepJournal } from '../../store/session-store.ts'
import { guestSpecOf, rebuiltSpec } from './guest-input.ts'
import { replayAll, type ReplayOutcome } from './replay.ts'

/** Minimum wall time of one replay in milliseconds. */
const minReplayMs = 60_000
/** Wall time of one replay in milliseconds for each millisecond of the CPU limits. */
const replayMsPerCpuMs = 20

interface ReplayOptions {
  readonly placement: Placement
  /** Ends the replay, which is `lost` then. */
  readonly signal?: AbortSignal
}

/**
 * Replays a journal, after those of the steps from whose state it goes on, in a guest that has an isolate of its own. Calls
 * no tool.
 */
export async function replayInNewGuest(
  sandbox: Pick<Sandbox, 'placeGuest'>,
  journals: readonly StepJournal[],
  { placement, signal }: ReplayOptions,
): Promise<ReplayOutcome> {
  const guest = sandbox.placeGuest(rebuiltSpec(guestSpecOf(journals[0]!)), { ...placement, ownIsolate: true })
  const close = (): void => guest.close()
  signal?.addEventListener('abort', close)
  const cpuMs = journals.reduce((sum, { header }) => sum + header.limits.cpuTimeoutMs, 0)
  const endsAt = performance.now() + Math.max(minReplayMs, cpuMs * replayMsPerCpuMs)
  try {
    return await replayAll(guest, journals, () => endsAt - performance.now())
  } finally {
    signal?.removeEventListener('abort', close)
    guest.close()
  }
}
