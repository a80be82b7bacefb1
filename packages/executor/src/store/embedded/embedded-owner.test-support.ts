// An executor that has nothing but the embedded PostgreSQL, as a process. Its arguments are the folder of the data and, after
// it, user and group id to run as. It writes one line of JSON when it is ready or has failed, and stops on SIGTERM and SIGINT.
import process from 'node:process'

import { createLogger } from '../../log.ts'
import { startEmbeddedPostgres } from './start-embedded-postgres.ts'

const [dataDir = '', uid, gid] = process.argv.slice(2)
const logger = createLogger({ level: 'info', to: process.stderr })
if (gid !== undefined) process.setgroups?.([])
if (gid !== undefined) process.setgid?.(Number(gid))
if (uid !== undefined) process.setuid?.(Number(uid))

const report = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)

try {
  const server = await startEmbeddedPostgres({ dataDir, logger })
  const stop = () => void server[Symbol.asyncDispose]().then(() => process.exit(0))
  process.on('SIGTERM', stop).on('SIGINT', stop)
  report({ url: server.url, connection: server.connection, isAdopted: server.isAdopted })
} catch (error) {
  report({ name: (error as Error).name, message: (error as Error).message })
  process.exitCode = 1
}
