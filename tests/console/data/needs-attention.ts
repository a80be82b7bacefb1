import type { JournalHeader } from '@codemode/shared'

import { databaseOf } from '../../support/store-command.ts'
import type { ConsoleExecutor } from '../support/console-executor.ts'
import { waitForApprovals, type Clients } from './approvals.ts'
import { pollUntil } from '../support/poll-until.ts'

const code = `
console.log('before the decision')
await tools.payments.refund({ order: 'galois-1', cents: 2_000 })
console.log('after the decision')
`.trim()

/**
 * Makes detached executions that cannot go on, by a change of their journals while they are parked: one whose guest runtime is
 * missing, and one whose code does something other than the journal says. Returns their ids.
 */
export async function makeNeedingAttention(clients: Clients, executor: ConsoleExecutor) {
  const [runtimeUnavailable, diverged] = await Promise.all([
    makeChanged(clients, executor, (header) => ({
      ...header,
      runtime: { ...header.runtime, guestRuntime: 'f'.repeat(header.runtime.guestRuntime.length) },
    })),
    makeChanged(clients, executor, (header) => ({ ...header, code: header.code.replace('before', 'after') })),
  ])
  return { runtimeUnavailable, diverged }
}

async function makeChanged(
  { client, approver }: Clients,
  { databaseUrl }: ConsoleExecutor,
  change: (header: JournalHeader) => JournalHeader,
): Promise<string> {
  const database = databaseOf({ url: databaseUrl })
  const { execution, approvals } = await waitForApprovals(client, code, { customer: 'galois' })
  const { id } = execution
  await pollUntil(async () => (await database.statusOf(id)) === 'paused')
  const [row] = await database.query('select header from codemode.executions where id = $1', [id])
  const header = JSON.stringify(change(JSON.parse(String(row!['header'])) as JournalHeader))
  await database.query('update codemode.executions set header = $2 where id = $1', [id, header])
  // The decision wakes it up.
  await approver.decide(approvals[0]!, { approve: true })
  await pollUntil(async () => (await database.statusOf(id)) === 'needs_attention')
  return id
}
