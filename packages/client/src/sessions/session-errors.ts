import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'

/**
 * Returns the error SESSION_EXPIRED in place of NOT_FOUND, for a session that has existed: its executor was restarted, or
 * forgot that it has ended. Returns any other error unchanged.
 */
export function asExpired(error: unknown, sessionId: string): unknown {
  if (!(error instanceof ExecutorClientError) || error.code !== 'NOT_FOUND' || error.ambiguous) return error
  const { executionId, correlationId, httpStatus, attempts } = error
  return new ExecutorClientError(
    'SESSION_EXPIRED',
    `The executor has no session ${sessionId} any more: it has expired, was ended, or the executor was restarted.`,
    {
      executionId,
      correlationId,
      httpStatus,
      attempts,
      suggestion: 'Create a new session, and run the steps again whose variables you need.',
      cause: error,
    },
  )
}

/** Returns the error for a use of a `Session` that was closed, finalized or disposed of. */
export function sessionClosed(sessionId: string, how: string): ConfigurationError {
  const example =
    how === 'closed' ? 'const session = await codemode.session()' : `await codemode.session({ id: '${sessionId}' })`
  return new ConfigurationError(`The session ${sessionId} was ${how}, so it takes no more steps here.`, example)
}

/** Returns the error for the id of an execution that is no step of a `Session`. */
export function noSuchTask(sessionId: string, executionId: unknown): ConfigurationError {
  return new ConfigurationError(
    `The session ${sessionId} has not added a step with the execution id ${String(executionId)} here since the last reset.`,
    'const step = await session.addStep(code)\nawait session.waitForTask(step.id)',
  )
}

/** Returns the error for a session of another context than the view that attaches to it. */
export function otherContext(sessionId: string, name: string): ExecutorClientError {
  return new ExecutorClientError(
    'IDEMPOTENCY_CONFLICT',
    `The session ${sessionId} was created with another context: its field ${name} differs from that of this client or view.`,
    {
      details: { path: `context.${name}` },
      suggestion: 'Attach with the context that the session was created with, or create another session.',
    },
  )
}
