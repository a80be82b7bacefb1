// Parts of statements about sessions and their steps.
import { sql, type RawBuilder } from 'kysely'

/** Returns the condition that a session has a step of its own that has not ended; steps of a fork that it shares have ended. */
export const hasPendingSteps = (key: RawBuilder<unknown>): RawBuilder<boolean> => sql`exists (
  select from codemode.executions pending where pending.session_key = ${key} and pending.finished_at is null
)`

/** Condition that a session `s` has ended, or expired: nothing pending extends its life, and it can no longer be used. */
export const isOver: RawBuilder<boolean> = sql`(
  s.ended_at is not null or (s.expires_at <= now() and not ${hasPendingSteps(sql`s.key`)})
)`

/** Place of a step: columns or values. */
interface StepPlace {
  readonly session: unknown
  readonly step: unknown
}

/** Returns the condition that a session has a step of its own before the given one that has not ended. */
export const hasEarlierPending = ({ session, step }: StepPlace): RawBuilder<boolean> => sql`exists (
  select from codemode.executions earlier
  where earlier.session_key = ${session} and earlier.step < ${step} and earlier.finished_at is null
)`

/** Condition that an execution `e` is a step that has not started, although all earlier ones of its session have ended. */
export const isNextStep: RawBuilder<boolean> = sql`(
  e.session_key is not null and e.status = 'queued'
  and not ${hasEarlierPending({ session: sql`e.session_key`, step: sql`e.step` })}
)`

/** Returns the steps `st` and their executions `e` from whose states a step starts, as tables with their condition. */
export const fromStatesBefore = ({ session, step, baseStep }: StepPlace & { readonly baseStep: unknown }) => sql`
  from codemode.session_steps st join codemode.executions e on e.key = st.execution_key
  where st.session_key = ${session} and st.step > ${baseStep} and st.step < ${step} and e.state_kept`

/**
 * Returns the condition that a step of a session can start from the state of the execution with a key: one that is added later, or
 * one that was added before the last reset and has not ended.
 */
export const isNeededBySession = (key: RawBuilder<unknown>): RawBuilder<boolean> => sql`exists (
  select from codemode.session_steps st join codemode.sessions s on s.key = st.session_key
  where st.execution_key = ${key} and s.ended_at is null and st.step > least(s.base_step, (
    select min(pending.base_step) from codemode.executions pending
    where pending.session_key = s.key and pending.finished_at is null
  ))
)`

/** Time at which a session expires that is used now. */
export const nextExpiry: RawBuilder<Date> = sql`now() + idle_timeout_ms * interval '1 ms'`
