import { RequestError } from '@codemode/shared'
import { DatabaseError } from 'pg'

/**
 * Classes of SQLSTATE codes with which PostgreSQL says that it cannot serve a statement now: connection failures (08),
 * rolled back transactions (40), lack of resources (53), stops and timeouts (57), and input or output errors (58).
 */
const unavailableClasses = new Set(['08', '40', '53', '57', '58'])

/** Further such codes: an idle transaction was ended, the server is read-only, a lock was not acquired in time. */
const unavailableCodes = new Set(['25P03', '25006', '55P03'])

/** Codes of failures that concern one transaction and not the server: a deadlock, and a lock that was not acquired in time. */
const contentionCodes = new Set(['40001', '40P01', '55P03'])

/**
 * Returns the error with which a store's method rejects: STORE_UNAVAILABLE if the database did not serve a statement, and
 * the error itself if the statement is wrong, which is a bug.
 */
export function toStoreError(error: unknown): unknown {
  if (error instanceof RequestError) return error
  if (error instanceof DatabaseError) {
    const code = error.code ?? ''
    if (!unavailableClasses.has(code.slice(0, 2)) && !unavailableCodes.has(code)) return error
  }
  // An error of another class comes from the connection, which gives it no class or code of its own.
  return new RequestError('STORE_UNAVAILABLE', 'The store did not answer in time. Try again later.', {
    retryAfterSeconds: 2,
    cause: error,
  })
}

/** Returns the error of a commit that the database may have made, although it did not confirm it. */
export function withUnknownOutcome(error: unknown): unknown {
  if (!isUnavailable(error) || isContention(error)) return error
  return new RequestError('STORE_UNAVAILABLE', 'The store did not confirm in time that it has stored the execution.', {
    retryAfterSeconds: 2,
    ambiguous: true,
    suggestion: 'Send the request again with the same id: an execution that was stored is not stored twice.',
    cause: error.cause,
  })
}

/** Returns whether the database did not serve a statement. */
export function isUnavailable(error: unknown): error is RequestError {
  return error instanceof RequestError && error.code === 'STORE_UNAVAILABLE'
}

/** Returns whether the server stopped a statement at its timeout. */
export function isStatementTimeout(error: unknown): boolean {
  return isUnavailable(error) && error.cause instanceof DatabaseError && error.cause.code === '57014'
}

/** Returns whether a transaction failed because of another one that was under way. */
export function isContention(error: unknown): boolean {
  return isUnavailable(error) && error.cause instanceof DatabaseError && contentionCodes.has(error.cause.code ?? '')
}
