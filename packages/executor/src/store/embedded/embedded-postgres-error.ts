/** Reason for which the embedded PostgreSQL can't run. The message says what to do instead. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
}

/** Advice that fits every failure: a server that the operator runs. */
export const useOwnServer = 'Or use a PostgreSQL server of your own: CODEMODE_DATABASE_URL=postgres://…'
