/** Reason for which the embedded PostgreSQL can't run. The message says what to do instead. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
}

/** Advice that fits every failure: a server that the operator runs. */
export const useOwnServer = 'Or use a PostgreSQL server of your own: CODEMODE_DATABASE_URL=postgres://…'

/** Returns the code of a system's error, such as `ENOENT`; undefined for other errors. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
