import type { SandboxMessage } from './protocol.ts'

/** Report of a sandbox process on the end of a turn. */
export type TurnReport = Extract<SandboxMessage, { type: 'turn' | 'stopped' | 'skipped' }>

type LastTurnFields =
  | { readonly type: 'stopped' | 'skipped' }
  | Pick<Extract<TurnReport, { type: 'turn' }>, 'type' | 'effects'>

/**
 * Returns whether a report is on the guest's last turn, after which the executor and the process both forget the guest. A
 * guest that has steps goes on after the end of one.
 */
export function isLastTurn(report: LastTurnFields, hasSteps: boolean): boolean {
  return report.type !== 'turn' || (report.effects.end !== undefined && !hasSteps)
}

/**
 * Returns whether a guest may begin its next turn before the executor has committed this one. After an end it may have to be
 * kept as it is, and after calls, the executor checks them first.
 */
export function mayBeFollowed(report: LastTurnFields): boolean {
  return report.type === 'turn' && report.effects.end === undefined && report.effects.calls.length === 0
}
