import { execFile } from 'node:child_process'
import { execPath } from 'node:process'
import { promisify } from 'node:util'

import { executorProgram, type PostgresServer } from '@codemode/testkit'
import pg from 'pg'

/** Runs a command of `codemode-executor`, and resolves with what it has printed. */
export async function executorCommand(line: string, env: Record<string, string>) {
  const run = promisify(execFile)(execPath, [...executorProgram, ...line.split(' ')], { env })
  return run.then(
    ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      exitCode: code,
      stdout,
      stderr,
    }),
  )
}

/** Returns functions that read and change the database of a server, each on a connection of its own. */
export function databaseOf({ url }: Pick<PostgresServer, 'url'>) {
  async function query(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text, values)).rows
    } finally {
      await client.end()
    }
  }
  return {
    query,
    /** Returns the status of an execution; undefined while a node holds it. */
    async statusOf(id: string): Promise<unknown> {
      const [row] = await query('select status from codemode.executions where id = $1 and node is null', [id])
      return row?.['status']
    },
  }
}
