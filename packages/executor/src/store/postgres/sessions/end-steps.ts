// Ends of steps. They lock the rows of their sessions before the rows of any execution, in the order of the keys: who ends a
// step and who adds one wait for each other, and neither can miss the other.
import { sql, type Transaction } from 'kysely'

import type { StepEnd } from '../../session-store.ts'
import type { Tables } from '../database.ts'
import type { WakeUp } from '../wake-ups.ts'
import { isNextStep, nextExpiry } from './session-conditions.ts'

/** End of a step, with the variables as a payload. */
export interface EndedStep extends Omit<StepEnd, 'variables'> {
  readonly sessionKey: string
  /** Null if they are not known, and if the state was not kept. */
  readonly variables: string | null
}

/** Commit that may end a step. */
interface StepCommit {
  readonly key: string
  readonly step?: EndedStep | undefined
}

interface EndingStep extends StepCommit {
  readonly step: EndedStep
}

const endingSteps = (commits: readonly StepCommit[]): EndingStep[] =>
  commits.flatMap(({ key, step }) => (step === undefined ? [] : [{ key, step }]))

/** Locks the sessions of steps that are to end. */
export async function lockSessions(trx: Transaction<Tables>, commits: readonly StepCommit[]): Promise<void> {
  const keys = endingSteps(commits).map(({ step }) => step.sessionKey)
  if (keys.length === 0) return
  await sql`
    select from codemode.sessions where key = any(${keys}::bigint[]) order by key for no key update`.execute(trx)
}

/**
 * Stores the states after steps that have ended, and returns the wake-ups of the next steps of their sessions. A step that has
 * begun gets none: it may be parked for long, while a later one is cancelled.
 */
export async function endSteps(trx: Transaction<Tables>, commits: readonly StepCommit[]): Promise<WakeUp[]> {
  const ended = endingSteps(commits)
  if (ended.length === 0) return []
  const steps = ended.map(({ step }) => step)
  const sessionKeys = steps.map(({ sessionKey }) => sessionKey)
  const { rows } = await sql<WakeUp>`
    with kept as (
      update codemode.executions e
      set state_kept = step.state_kept, journal_bytes = step.journal_bytes, cpu_ms = step.cpu_ms, variables = step.variables
      from unnest(
        ${ended.map(({ key }) => key)}::bigint[],
        ${steps.map(({ stateKept }) => stateKept)}::boolean[],
        ${steps.map(({ journalBytes }) => journalBytes)}::float8[],
        ${steps.map(({ cpuMs }) => cpuMs)}::float8[],
        ${steps.map(({ variables }) => variables)}::text[]
      ) as step (key, state_kept, journal_bytes, cpu_ms, variables)
      where e.key = step.key
    ),
    used as (
      update codemode.sessions set last_used_at = now(), expires_at = ${nextExpiry}
      where key = any(${sessionKeys}::bigint[])
    )
    select e.key, e.tenant
    from codemode.executions e
    where e.session_key = any(${sessionKeys}::bigint[]) and e.finished_at is null and ${isNextStep}`.execute(trx)
  return rows
}
