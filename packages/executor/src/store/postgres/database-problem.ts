import { codeOf } from '../../system-error.ts'

const checkServer = 'Start the server, or correct host and port in CODEMODE_DATABASE_URL.'

/** Advice by SQLSTATE code, or by code of a system's error, for failures that last until an operator does something. */
const advice: Partial<Record<string, string>> = {
  '28000': 'Correct the user in CODEMODE_DATABASE_URL, or admit it in pg_hba.conf.',
  '28P01': 'Correct the user or the password in CODEMODE_DATABASE_URL.',
  '3D000': 'Create the database, or correct its name in CODEMODE_DATABASE_URL.',
  '42501':
    'Grant the user the right to create schemas (GRANT CREATE ON DATABASE …), or run codemode-executor migrate as a user that has it.',
  '3F000': 'Create the tables: codemode-executor migrate.',
  '42P01': 'Create the tables: codemode-executor migrate.',
  ECONNREFUSED: checkServer,
  ENOTFOUND: checkServer,
  ENOENT: checkServer,
  ERR_INVALID_URL: 'Correct CODEMODE_DATABASE_URL; percent-encode special characters of the password.',
}

/** Returns what is wrong with the configured database, and what to do; undefined for any other error. */
export function describeDatabaseProblem(error: unknown): string | undefined {
  const reasons = [error, error instanceof Error ? error.cause : undefined]
  for (const reason of reasons) {
    const text = advice[codeOf(reason) ?? '']
    if (text !== undefined) return `The database cannot be used: ${(reason as Error).message}. ${text}`
  }
  return undefined
}
