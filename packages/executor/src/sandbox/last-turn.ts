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
